"""Kinds by what the model returns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import tensorflow as tf

from .kind import Kind, Made
from .networks import X, export, logit, logits
from .people import matrix, people, stored


def exported(
    folder: Path, score: Callable[[Any], Any], frame: pd.DataFrame, favorable: Any = None, **spec: object
) -> Made:
    """Export ``score`` of the four numbers as one tensor, and write ``frame`` beside it."""
    given: dict[str, object] = {} if favorable is None else {"favorable": favorable}
    model = export(folder / "model", lambda x: score(x), X)
    return Made(model, stored(frame, folder), lambda: {"x": matrix(frame)}, spec=spec, given=given)


def softmax(folder: Path) -> Made:
    return exported(folder, lambda x: tf.nn.softmax(logits(x)), people(three=True), favorable=[0, 1])


def two_columns(folder: Path) -> Made:
    return exported(folder, lambda x: tf.nn.softmax(tf.stack([-logit(x), logit(x)], 1) / 2), people())


def sigmoid(folder: Path) -> Made:
    return exported(folder, lambda x: tf.sigmoid(logit(x))[:, None], people())


def vector(folder: Path) -> Made:
    return exported(folder, lambda x: tf.sigmoid(logit(x)), people())


def trailing(folder: Path) -> Made:
    """A vector with axes of size one, as a network of sequences leaves them."""
    return exported(folder, lambda x: tf.sigmoid(logit(x))[:, None, None], people())


def one_logit(folder: Path) -> Made:
    return exported(folder, lambda x: logit(x)[:, None], people(), output="logits")


def several_logits(folder: Path) -> Made:
    return exported(folder, logits, people(three=True), favorable=2, output="logits")


def log_probabilities(folder: Path) -> Made:
    return exported(folder, lambda x: tf.nn.log_softmax(logits(x)), people(three=True), favorable=2)


def several_outputs(folder: Path) -> Made:
    """A score for service, and what is watched beside it."""

    def score(x: Any) -> dict[str, Any]:
        risk = tf.sigmoid(logit(x))
        return {"approve": risk[:, None], "embedding": tf.tanh(x), "version": tf.fill([tf.shape(x)[0]], "7")}

    return exported(folder, score, people(), output={"name": "approve"})


def ensemble(folder: Path) -> Made:
    """The mean of several models' probabilities: there are no logits that it is the softmax of."""

    def score(x: Any) -> Any:
        members = [logits(x * tf.constant(1 + shift, tf.float32)) for shift in (-0.3, 0.0, 0.4)]
        return tf.reduce_mean([tf.nn.softmax(member) for member in members], axis=0)

    return exported(folder, score, people(three=True), favorable=2)


def shapeless(folder: Path) -> Made:
    """Scores put together row by row, whose shape the signature does not say."""

    def score(x: Any) -> Any:
        scores = tf.map_fn(lambda row: tf.reshape(tf.sigmoid(logit(row[None])), [-1]), x)
        return tf.raw_ops.PlaceholderWithDefault(input=scores, shape=tf.TensorShape(None))

    return exported(folder, score, people())


KINDS = [
    Kind("softmax of several classes", "output", softmax),
    Kind("softmax of two classes", "output", two_columns),
    Kind("one sigmoid column", "output", sigmoid),
    Kind("a vector without a class axis", "output", vector),
    Kind("a vector with trailing axes of one", "output", trailing),
    Kind("one logit", "output", one_logit),
    Kind("several logits", "output", several_logits),
    Kind("logarithms of probabilities", "output", log_probabilities),
    Kind("several named outputs", "output", several_outputs),
    Kind("the mean of several softmaxes", "output", ensemble),
    Kind("an output of unknown shape", "output", shapeless),
]
