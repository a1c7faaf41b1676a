"""Kinds whose gradient is missing, or is not the model's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from .kind import Kind, Made
from .networks import X, export, logit
from .people import matrix, people, stored


def _made(folder: Path, score: Callable[[Any], Any]) -> Made:
    frame = people()
    model = export(folder / "model", lambda x: score(x), X)
    return Made(model, stored(frame, folder), lambda: {"x": matrix(frame)})


def tree(folder: Path) -> Made:
    """A decision tree as it is transpiled: one `tf.where` a node, a share of approvals a leaf."""

    def score(x: Any) -> Any:
        income, debt, late = x[:, 0], x[:, 1], x[:, 3]
        poor = tf.where(debt < -0.5, tf.where(late < 0.25, 0.7, 0.4), tf.where(late < -0.5, 0.35, 0.1))
        rich = tf.where(debt < 0.75, tf.where(late < 0.9, 0.92, 0.6), tf.where(late < 0.0, 0.55, 0.3))
        return tf.where(income < 0.25, poor, rich)

    return _made(folder, score)


def forest(folder: Path) -> Made:
    """Boosted stumps as tables: thresholds and leaves are tensors, and a sigmoid adds them up."""
    columns, thresholds = [0, 0, 1, 1, 2, 3, 3], [-0.7, 0.6, -0.4, 0.7, 0.1, -0.5, 0.8]
    leaves = [0.9, 1.1, -0.7, -0.8, 0.6, -0.5, -0.7]

    def score(x: Any) -> Any:
        above = tf.cast(tf.gather(x, columns, axis=1) > tf.constant(thresholds), tf.float32)
        return tf.sigmoid(tf.reduce_sum(tf.constant(leaves) * (2 * above - 1), axis=1))

    return _made(folder, score)


def staircase(folder: Path) -> Made:
    """A score in steps of a twentieth, as rating tables have it."""
    return _made(folder, lambda x: tf.round(tf.sigmoid(logit(x)) * 20) / 20)


def binned(folder: Path) -> Made:
    """A scorecard: each number is first put into a class of its own width."""
    return _made(folder, lambda x: tf.sigmoid(logit(tf.floor(x * 2) / 2)))


def stopped(folder: Path) -> Made:
    return _made(folder, lambda x: tf.sigmoid(logit(tf.stop_gradient(x))))


def without(folder: Path) -> Made:
    """An operation for which TensorFlow has no gradient."""
    return _made(folder, lambda x: tf.sigmoid(logit(tf.raw_ops.TruncateMod(x=x, y=100.0))))


def lying(folder: Path) -> Made:
    """A gradient that is replaced by its opposite, as a reversal layer leaves it after adversarial training."""

    @tf.custom_gradient
    def reversal(x: Any) -> Any:
        return tf.identity(x), lambda upstream: -upstream

    return _made(folder, lambda x: tf.sigmoid(logit(reversal(x))))


KINDS = [
    Kind("a decision tree of `tf.where`", "gradient", tree),
    Kind("boosted stumps under a sigmoid", "gradient", forest),
    Kind("scores in steps (`tf.round`)", "gradient", staircase),
    Kind("inputs in steps (`tf.floor`)", "gradient", binned),
    Kind("`tf.stop_gradient`", "gradient", stopped),
    Kind("an operation without a gradient", "gradient", without),
    Kind("a custom gradient that is not the function's", "gradient", lying),
]
