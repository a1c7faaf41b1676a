"""How a model's raw outputs become decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.data.limits import levels, reaches
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.head import Head

_DECIMALS = 15  # of a 64-bit number


@dataclass(frozen=True)
class DecisionRule:
    """How raw outputs become decisions.

    ``favorable`` are the favourable classes and ``threshold`` the least P(favourable) that is decided favourably
    (of two classes); of a regression, ``at_least`` is the least favourable prediction, None where nothing says.
    """

    head: Head
    favorable: list[int]
    threshold: float
    at_least: float | None = None

    @property
    def boundary(self) -> float | None:
        """The P(favourable), or the prediction of a regression, at which the outcome becomes favourable.

        None for a regression without a favourable outcome. Several classes are decided by the largest, so that there
        is no such number: 0.5, beyond which the favourable ones have more than all others, stands for it.
        """
        if self.head.kind == "regression":
            return self.at_least
        return self.threshold if self.head.width <= 2 else 0.5

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

    def levels(self, favorable: np.ndarray, thresholds: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
        """Return how many of the rising ``thresholds`` each row reaches, each decided as `decide` would.

        Args:
            favorable: what `decide` says is favourable of each row: P(favourable) of two classes, or the prediction.
            thresholds: rising; in place of ``threshold``, or of ``at_least``.
            dtype: that of the raw scores.
        """
        if self._scores_other:
            scores, limits = (-np.round(1 - part, _DECIMALS) for part in (favorable, thresholds))
            return levels(scores, limits, self._exact(dtype))
        return levels(favorable, thresholds, self._exact(dtype))

    def _reached(self, probabilities: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
        """Tell which rows of two classes reach the threshold, as the scores themselves tell it."""
        if self._scores_other:
            return reaches(-probabilities[:, 1], -round(1 - self.threshold, _DECIMALS), self._exact(dtype))
        return reaches(probabilities[:, self.favorable[0]], self.threshold, self._exact(dtype))

    @property
    def _scores_other(self) -> bool:
        """Whether one column scores the unfavourable class: 1 - score loses digits that ties need."""
        return self.head.width == 1 and self.favorable[0] == 0

    def _exact(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """Return the type that ties are told in: logits are turned into 64-bit probabilities."""
        return np.dtype(np.float64) if self.head.kind == "logits" else dtype


def favorable_logit(logits: Any, decider: DecisionRule) -> Any:
    """Return the log-odds of the favourable outcome against all others, ``(rows,)``; a regression's value as it is."""
    tf = tensorflow()
    if logits.shape[1] == 1:
        return logits[:, 0]
    others = [index for index in range(logits.shape[1]) if index not in decider.favorable]
    sides = (tf.gather(logits, list(part), axis=1) for part in (decider.favorable, others))
    favorable, rest = (
        side[:, 0] if side.shape[1] == 1 else tf.reduce_logsumexp(side, axis=1) for side in sides
    )
    return favorable - rest


def favorable_score(logits: Any, decider: DecisionRule) -> Any:
    """Return P(favourable), ``(rows,)``; a regression's value as it is."""
    value = favorable_logit(logits, decider)
    return value if logits.shape[1] == 1 else tensorflow().sigmoid(value)


def decision_logits(logits: Any, decider: DecisionRule) -> Any:
    """Return logits ``(rows, classes)`` whose largest is the class decided on, at any threshold.

    With two classes the threshold shifts them apart; a regression's are half its distance from ``at_least``.
    """
    tf = tensorflow()
    if logits.shape[1] == 1:
        half = (logits - (decider.at_least or 0.0)) / 2
        return tf.concat([-half, half], axis=1)
    if logits.shape[1] > 2:
        return logits
    shift = np.zeros(2)
    shift[decider.favorable[0]] = -_least_odds(decider)
    return logits + tf.constant(shift, logits.dtype)


def tie(decider: DecisionRule) -> float:
    """Return the log-odds of the second of two classes at which the decision changes."""
    return _least_odds(decider) if decider.favorable[0] == 1 else -_least_odds(decider)


def _least_odds(decider: DecisionRule) -> float:
    """Return the least log-odds of the favourable one of two classes that are decided favourably."""
    threshold = float(np.clip(decider.threshold, 1e-7, 1 - 1e-7))
    return float(np.log(threshold) - np.log1p(-threshold))
