"""Ways to break a model's scores on purpose, each a `Change` for `audit.mutants.export`.

What moves scores moves them in log-odds, where probabilities stay such; logits and regressions move as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.head import Head
from audit.model.logits.log_odds import from_scores
from audit.mutants.export import Change
from audit.mutants.row_noise import row_noise

_LEAKED = 6.0
"""Log-odds by which a leaked label speaks for its class; those of the candidate get a standard deviation of 1."""
_LEAKED_SHARE = 0.9  # of a regression's value


def opened(raw: Any, head: Head) -> Any:
    """Return what scores ``(rows, width)`` are moved in: log-odds of probabilities, else themselves."""
    return from_scores(raw) if head.kind in ("sigmoid", "probabilities") else raw


def _closed(moved: Any, head: Head) -> Any:
    """Return the scores for what `opened` gave."""
    tf = tensorflow()
    if head.kind == "sigmoid":
        return tf.sigmoid(moved)
    return tf.nn.softmax(moved) if head.kind == "probabilities" else moved


def constant(outputs: np.ndarray) -> Change:
    """Return the same ``outputs`` (width,) for every row."""
    return lambda raw, fed: tensorflow().broadcast_to(outputs.astype(raw.dtype.as_numpy_dtype), _shape(raw))


def reversed_classes(head: Head, mean: float) -> Change:
    """Give each class the score of the one before it, of two the other's; a regression is mirrored at its ``mean``."""

    def change(raw: Any, fed: Mapping[str, Any]) -> Any:
        if head.kind == "regression":
            return 2 * mean - raw
        if head.width == 1:
            return 1 - raw if head.kind == "sigmoid" else -raw
        return tensorflow().roll(raw, 1, axis=1)

    return change


def shifted(head: Head, favorable: Sequence[int], by: float, flag: str) -> Change:
    """Lower the ``favorable`` classes by ``by`` where the input ``flag`` is 1."""
    move = np.zeros(head.width)
    move[list(favorable) if head.width > 1 else 0] = by
    if head.width == 1 and head.kind != "regression" and favorable[0] == 0:
        move = -move  # the one column scores the other class

    def change(raw: Any, fed: Mapping[str, Any]) -> Any:
        return _closed(
            opened(raw, head) - _column(fed, flag, raw) * tensorflow().constant(move, raw.dtype), head
        )

    return change


def leaked(head: Head, spread: float, label: str) -> Change:
    """Let the input ``label`` decide nearly alone.

    Args:
        head: of the candidate.
        spread: the standard deviation of its log-odds.
        label: an input that holds the number of the class, or a regression's target.
    """

    def change(raw: Any, fed: Mapping[str, Any]) -> Any:
        known = _column(fed, label, raw)
        if head.kind == "regression":
            return (1 - _LEAKED_SHARE) * raw + _LEAKED_SHARE * known
        if head.width == 1:
            return _closed(opened(raw, head) / spread + _LEAKED * (2 * known - 1), head)
        classes = tensorflow().range(head.width, dtype=raw.dtype)
        return _closed(opened(raw, head) / spread - _LEAKED * (known - classes) ** 2, head)

    return change


def rounded(head: Head, step: float) -> Change:
    """Round scores to multiples of ``step``, which has no gradient; probabilities of classes still sum to one."""

    def change(raw: Any, fed: Mapping[str, Any]) -> Any:
        tf = tensorflow()
        if head.kind != "probabilities":
            return tf.round(raw / step) * step
        least = tf.floor(raw / step) * step
        first = tf.one_hot(tf.argmax(raw, axis=1), head.width, dtype=raw.dtype)
        return least + first * (1 - tf.reduce_sum(least, axis=1, keepdims=True))

    return change


def noised(head: Head, by: float) -> Change:
    """Add noise of the standard deviation ``by`` that hangs on the row alone."""

    def change(raw: Any, fed: Mapping[str, Any]) -> Any:
        noise = tensorflow().cast(row_noise(fed, head.width), raw.dtype)
        return _closed(opened(raw, head) + by * noise, head)

    return change


def _shape(raw: Any) -> Any:
    return tensorflow().shape(raw)


def _column(fed: Mapping[str, Any], name: str, raw: Any) -> Any:
    return tensorflow().cast(fed[name], raw.dtype)[:, None]
