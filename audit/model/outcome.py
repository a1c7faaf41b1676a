"""What is explained and attacked: the favourable outcome's log-odds, and logits whose largest is the decision."""

from __future__ import annotations

from typing import Any

import numpy as np

from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.decision import Decider


def favorable_logit(logits: Any, decider: Decider) -> Any:
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


def favorable_score(logits: Any, decider: Decider) -> Any:
    """Return P(favourable), ``(rows,)``; a regression's value as it is."""
    value = favorable_logit(logits, decider)
    return value if logits.shape[1] == 1 else tensorflow().sigmoid(value)


def decision_logits(logits: Any, decider: Decider) -> Any:
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


def tie(decider: Decider) -> float:
    """Return the log-odds of the second of two classes at which the decision changes."""
    return _least_odds(decider) if decider.favorable[0] == 1 else -_least_odds(decider)


def _least_odds(decider: Decider) -> float:
    """Return the least log-odds of the favourable one of two classes that are decided favourably."""
    threshold = float(np.clip(decider.threshold, 1e-7, 1 - 1e-7))
    return float(np.log(threshold) - np.log1p(-threshold))
