"""How a model's raw outputs become decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.model.head import Head
from audit.reaches import reaches

_DECIMALS = 15  # of a 64-bit number


@dataclass(frozen=True)
class Decider:
    """How raw outputs become decisions.

    ``favorable`` are the favourable classes and ``threshold`` the least P(favourable) that is decided favourably
    (of two classes); of a regression, ``at_least`` is the least favourable prediction, None where nothing says.
    """

    head: Head
    favorable: list[int]
    threshold: float
    at_least: float | None = None

    def decide(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what is favourable of each row (P(favourable), or the prediction), and the class decided on.

        Binary: the favourable class when its probability reaches the threshold; several classes: argmax;
        regression: 1 where the prediction is favourable.
        """
        if self.head.kind == "regression":
            limit = np.inf if self.at_least is None else self.at_least
            return raw[:, 0].astype(np.float64), reaches(raw[:, 0], limit, raw.dtype).astype(np.int32)
        return self.outcome(self.head.probabilities(raw), raw.dtype)

    def outcome(self, probabilities: np.ndarray, dtype: np.dtype[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Return P(favourable) and the class decided on, from class probabilities ``(rows, classes)``.

        ``dtype`` is that of the scores that they were made of.
        """
        favorable = probabilities[:, self.favorable].sum(1)
        if probabilities.shape[1] > 2:
            return favorable, np.asarray(probabilities.argmax(1), np.int32)
        chosen = self.favorable[0]
        reached = self._reached(probabilities, dtype)
        return favorable, np.where(reached, chosen, 1 - chosen).astype(np.int32)

    def _reached(self, probabilities: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
        """Tell which rows of two classes reach the threshold, as the scores themselves tell it."""
        chosen, exact = self.favorable[0], np.dtype(np.float64) if self.head.kind == "logits" else dtype
        if (
            self.head.width == 1 and chosen == 0
        ):  # the one column scores the other class, and 1 - score loses digits
            return reaches(-probabilities[:, 1], -round(1 - self.threshold, _DECIMALS), exact)
        return reaches(probabilities[:, chosen], self.threshold, exact)
