"""Kinds by how their outputs are told to be classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

from .kind import Kind, Made
from .networks import logits
from .outputs import exported
from .people import people

DECISIONS = ["refuse", "review", "accept"]
"""Of three classes, from the least favourable; sorted by name they stand in another order."""


def classification(folder: Path) -> Made:
    """The signature of TensorFlow Serving's `Classify`: scores, and the names of the classes beside each row."""

    def score(x: Any) -> dict[str, Any]:
        classes = tf.tile(tf.constant([DECISIONS]), [tf.shape(x)[0], 1])
        return {"scores": tf.nn.softmax(logits(x)), "classes": classes}

    return exported(folder, score, _named(people(three=True), DECISIONS), favorable="accept")


def named_classes(folder: Path) -> Made:
    frame = _named(people(three=True), DECISIONS)
    return exported(folder, lambda x: tf.nn.softmax(logits(x)), frame, favorable="accept", classes=DECISIONS)


def sorted_classes(folder: Path) -> Made:
    """String labels, in whose order the model was trained, as scikit-learn's `LabelEncoder` gives it."""
    frame = _named(people(three=True), ["basic", "gold", "silver"])
    return exported(folder, lambda x: tf.nn.softmax(logits(x)), frame, favorable=["gold", "silver"])


def other_order(folder: Path) -> Made:
    """String labels whose sorted order is not the model's, and nobody says so."""
    frame = _named(people(three=True), DECISIONS)
    return exported(folder, lambda x: tf.nn.softmax(logits(x)), frame, favorable="accept")


def several_sigmoids(folder: Path) -> Made:
    """Labels that do not exclude each other: rows do not sum to one."""
    return exported(folder, lambda x: tf.sigmoid(logits(x)), people(three=True), favorable=2)


def class_ids(folder: Path) -> Made:
    return exported(folder, lambda x: tf.argmax(logits(x), 1), people(three=True), favorable=2)


def _named(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    return frame.assign(label=np.array(names)[frame["label"]])


KINDS = [
    Kind("`scores` and `classes` (Serving's classification)", "output", classification),
    Kind("string labels, order given by `model.classes`", "output", named_classes),
    Kind("string labels in sorted order", "output", sorted_classes),
    Kind(
        "string labels in another order, not given",
        "output",
        other_order,
        refused="the order of the classes: scores and labels contradict",
    ),
    Kind(
        "several sigmoids (labels that do not exclude each other)",
        "output",
        several_sigmoids,
        refused="an output that is a softmax, one sigmoid column, or logits",
    ),
    Kind("class ids only", "output", class_ids, refused="scores as floating-point numbers"),
]
