"""How a model's raw outputs become decisions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.model.head import Head


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
            values = raw[:, 0].astype(np.float64)
            return values, (values >= (np.inf if self.at_least is None else self.at_least)).astype(np.int32)
        probabilities = self.head.probabilities(raw)
        return self.outcome(probabilities)

    def outcome(self, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return P(favourable) and the class decided on, from class probabilities ``(rows, classes)``."""
        favorable = probabilities[:, self.favorable].sum(1)
        if probabilities.shape[1] > 2:
            return favorable, np.asarray(probabilities.argmax(1), np.int32)
        chosen = self.favorable[0]
        return favorable, np.where(favorable >= self.threshold, chosen, 1 - chosen).astype(np.int32)
