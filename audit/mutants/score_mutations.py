"""Mutations of a model's scores, as TensorFlow operations behind its output.

Shifts and noise act on log-odds if the scores are probabilities, which they remain; logits and regressions are changed
directly.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.head import Head
from audit.model.logits.log_odds import from_scores
from audit.mutants.row_noise import row_noise

_LEAKED_LOG_ODDS = 6.0  # of the leaked label's class; the candidate's get a standard deviation of 1
_LEAKED_SHARE = 0.9  # of a regression's value


def to_log_odds(raw: Any, head: Head) -> Any:
    """Return log-odds of probabilities ``(rows, width)``, other scores unchanged."""
    return from_scores(raw) if head.kind in ("sigmoid", "probabilities") else raw


def _to_scores(log_odds: Any, head: Head) -> Any:
    """Return the scores for the result of `to_log_odds`."""
    tf = tensorflow()
    if head.kind == "sigmoid":
        return tf.sigmoid(log_odds)
    return tf.nn.softmax(log_odds) if head.kind == "probabilities" else log_odds


def constant(raw: Any, *_: Any, outputs: np.ndarray) -> Any:
    """Return the same ``outputs`` (width,) for every row."""
    tf = tensorflow()
    return tf.broadcast_to(outputs.astype(raw.dtype.as_numpy_dtype), tf.shape(raw))


def reversed_classes(raw: Any, *_: Any, head: Head, mean: float) -> Any:
    """Give each class the score of the one before it, of two the other's; mirror a regression at its ``mean``."""
    if head.kind == "regression":
        return 2 * mean - raw
    if head.width == 1:
        return 1 - raw if head.kind == "sigmoid" else -raw
    return tensorflow().roll(raw, 1, axis=1)


def shifted(
    raw: Any, _: Mapping[str, Any], flag: Any, *, head: Head, favorable: Sequence[int], by: float
) -> Any:
    """Lower the ``favorable`` classes by ``by`` log-odds where ``flag`` (rows, 1) is 1."""
    shift = np.zeros(head.width)
    shift[list(favorable) if head.width > 1 else 0] = by
    if head.width == 1 and head.kind != "regression" and favorable[0] == 0:
        shift = -shift  # the one column scores the other class
    return _to_scores(to_log_odds(raw, head) - flag * tensorflow().constant(shift, raw.dtype), head)


def leaked(raw: Any, _: Mapping[str, Any], label: Any, *, head: Head, spread: float) -> Any:
    """Let the label decide nearly alone.

    Args:
        raw: scores.
        label: number of the true class, or the target of a regression, (rows, 1).
        head: kind and width of the scores.
        spread: standard deviation of the candidate's log-odds.
    """
    if head.kind == "regression":
        return (1 - _LEAKED_SHARE) * raw + _LEAKED_SHARE * label
    if head.width == 1:
        return _to_scores(to_log_odds(raw, head) / spread + _LEAKED_LOG_ODDS * (2 * label - 1), head)
    classes = tensorflow().range(head.width, dtype=raw.dtype)
    return _to_scores(to_log_odds(raw, head) / spread - _LEAKED_LOG_ODDS * (label - classes) ** 2, head)


def rounded(raw: Any, *_: Any, head: Head, step: float) -> Any:
    """Round scores to multiples of ``step``, which has no gradient; probabilities of classes still sum to one."""
    tf = tensorflow()
    if head.kind != "probabilities":
        return tf.round(raw / step) * step
    floor = tf.floor(raw / step) * step
    largest = tf.one_hot(tf.argmax(raw, axis=1), head.width, dtype=raw.dtype)
    return floor + largest * (1 - tf.reduce_sum(floor, axis=1, keepdims=True))


def noised(raw: Any, inputs: Mapping[str, Any], *_: Any, head: Head, deviation: float) -> Any:
    """Add noise of a standard ``deviation`` that is a function of the row."""
    noise = tensorflow().cast(row_noise(inputs, head.width), raw.dtype)
    return _to_scores(to_log_odds(raw, head) + deviation * noise, head)
