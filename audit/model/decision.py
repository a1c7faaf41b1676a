"""The decision rule: how a model's raw outputs become classes."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from audit.data.limits import levels, reaches
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.head import Head

_DECIMALS = 15  # of a 64-bit number


class Decisions(NamedTuple):
    """The decision on each row.

    ``score`` is P(favourable), or the prediction of a regression; P(class decided on) if no class is favourable.
    ``classes`` is the class decided on, int32, of a regression 1 if the prediction is favourable.
    """

    score: np.ndarray
    classes: np.ndarray


@dataclass(frozen=True)
class DecisionRule:
    """How raw outputs become decisions.

    ``favorable`` are the favourable classes, none if the policy names none of several. ``threshold`` is the smallest
    P(favourable) that is decided favourably (of two classes); of a regression, ``at_least`` is the smallest favourable
    prediction, None if there is none.
    """

    head: Head
    favorable: list[int]
    threshold: float
    at_least: float | None = None

    @property
    def has_decisions(self) -> bool:
        """Whether the outputs are decisions: those of a regression are not, unless something is favourable."""
        return self.head.kind != "regression" or self.at_least is not None

    @property
    def boundary(self) -> float | None:
        """The P(favourable), or the prediction of a regression, at which the outcome becomes favourable.

        None where no outcome is favourable. Of several classes the most probable is decided on, so that
        no such number exists: it is then 0.5, beyond which the favourable ones have more than all others.
        """
        if self.head.kind == "regression":
            return self.at_least
        if not self.favorable:
            return None
        return self.threshold if self.head.width <= 2 else 0.5

    def decide(self, raw: np.ndarray) -> Decisions:
        """Return the decisions on raw outputs ``(rows, width)``.

        Binary: the favourable class if its probability reaches the threshold; several classes: argmax.
        """
        if self.head.kind == "regression":
            prediction = raw[:, 0]
            favorable = reaches(prediction, np.inf if self.at_least is None else self.at_least, raw.dtype)
            return Decisions(prediction.astype(np.float64), favorable.astype(np.int32))
        return self.outcome(self.head.probabilities(raw), raw.dtype)

    def outcome(self, probabilities: np.ndarray, dtype: np.dtype[Any]) -> Decisions:
        """Return the decisions on class probabilities ``(rows, classes)``, made of raw scores of type ``dtype``."""
        favorable = probabilities[:, self.favorable].sum(1) if self.favorable else probabilities.max(1)
        if probabilities.shape[1] > 2:
            return Decisions(favorable, np.asarray(probabilities.argmax(1), np.int32))
        index = self.favorable[0]
        is_favorable = self._reaches_threshold(probabilities, dtype)
        return Decisions(favorable, np.where(is_favorable, index, 1 - index).astype(np.int32))

    def levels(self, favorable: np.ndarray, thresholds: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
        """Return how many of the rising ``thresholds`` each row reaches, each decided as `decide` would.

        Args:
            favorable: `Decisions.score` of two classes, or of a regression.
            thresholds: rising values of ``threshold``, or of ``at_least``.
            dtype: type of the raw scores.
        """
        if self._scores_other:
            scores, limits = (-np.round(1 - part, _DECIMALS) for part in (favorable, thresholds))
            return levels(scores, limits, self._exact(dtype))
        return levels(favorable, thresholds, self._exact(dtype))

    def _reaches_threshold(self, probabilities: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
        """Return which rows of two classes reach the threshold, with ties resolved in the scores' own digits."""
        if self._scores_other:
            return reaches(-probabilities[:, 1], -round(1 - self.threshold, _DECIMALS), self._exact(dtype))
        return reaches(probabilities[:, self.favorable[0]], self.threshold, self._exact(dtype))

    @property
    def _scores_other(self) -> bool:
        """Whether one column scores the unfavourable class: 1 - score loses digits that ties need."""
        return self.head.width == 1 and self.favorable[0] == 0

    def _exact(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """Return the type in which ties are resolved: logits are turned into 64-bit probabilities."""
        return np.dtype(np.float64) if self.head.kind == "logits" else dtype


def explained_logit(logits: Any, decider: DecisionRule, target: Any = None) -> Any:
    """Return the log-odds that explain a decision, ``(rows,)``; a regression's value unchanged.

    They are those of the favourable outcome against all others or, where none is favourable, of each row's ``target``
    class, int32 ``(rows,)``.
    """
    tf = tensorflow()
    if logits.shape[1] == 1:
        return logits[:, 0]
    if not decider.favorable:
        is_target = tf.one_hot(target, logits.shape[1], True, False, dtype=tf.bool)
        others = tf.where(is_target, tf.constant(-np.inf, logits.dtype), logits)
        return tf.gather(logits, target, batch_dims=1) - tf.reduce_logsumexp(others, axis=1)
    others = [index for index in range(logits.shape[1]) if index not in decider.favorable]
    sides = (tf.gather(logits, list(part), axis=1) for part in (decider.favorable, others))
    favorable, rest = (
        side[:, 0] if side.shape[1] == 1 else tf.reduce_logsumexp(side, axis=1) for side in sides
    )
    return favorable - rest


def explained_score(logits: Any, decider: DecisionRule, target: Any = None) -> Any:
    """Return the probability that `explained_logit` is the log-odds of, ``(rows,)``; a regression's value unchanged."""
    value = explained_logit(logits, decider, target)
    return value if logits.shape[1] == 1 else tensorflow().sigmoid(value)


def decision_logits(logits: Any, decider: DecisionRule) -> Any:
    """Return logits ``(rows, classes)`` whose largest is the class decided on, at any threshold.

    Those of two classes are shifted by the threshold; a regression's are half its distance from ``at_least``.
    """
    tf = tensorflow()
    if logits.shape[1] == 1:
        half = (logits - (decider.at_least or 0.0)) / 2
        return tf.concat([-half, half], axis=1)
    if logits.shape[1] > 2:
        return logits
    shift = np.zeros(2)
    shift[decider.favorable[0]] = -_threshold_log_odds(decider)
    return logits + tf.constant(shift, logits.dtype)


def tie(decider: DecisionRule) -> float:
    """Return the log-odds of the second of two classes at which the decision changes."""
    return _threshold_log_odds(decider) if decider.favorable[0] == 1 else -_threshold_log_odds(decider)


def _threshold_log_odds(decider: DecisionRule) -> float:
    """Return the smallest log-odds of the favourable one of two classes at which it is decided on."""
    threshold = float(np.clip(decider.threshold, 1e-7, 1 - 1e-7))
    return float(np.log(threshold) - np.log1p(-threshold))
