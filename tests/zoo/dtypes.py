"""Kinds by the types of the numbers that the model takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from .kind import Kind, Made
from .networks import export, logit
from .people import matrix, people, stored


def typed(folder: Path) -> Made:
    """Counts and flags beside a number, each in a type of its own."""
    frame = people()
    frame["late"] = np.rint(np.exp(frame["late"])).astype(np.int64)
    frame["owner"] = frame["years"] > 0
    frame["branch"] = (np.arange(len(frame)) % 7).astype(np.int32)

    def score(income: Any, late: Any, owner: Any, branch: Any) -> Any:
        per_branch = tf.gather(tf.constant([0.3, -0.2, 0.1, 0.0, -0.3, 0.2, 0.1]), branch)
        value = 1.6 * income - 0.6 * tf.math.log1p(tf.cast(late, tf.float32)) + tf.where(owner, 0.8, -0.3)
        return tf.sigmoid(value + per_branch)

    types = {"income": tf.float32, "late": tf.int64, "owner": tf.bool, "branch": tf.int32}
    model = export(
        folder / "model", score, {name: tf.TensorSpec([None], dtype) for name, dtype in types.items()}
    )
    return Made(
        model,
        stored(frame, folder),
        lambda: {name: tf.constant(frame[name].to_numpy(), dtype) for name, dtype in types.items()},
    )


def _float(folder: Path, dtype: tf.DType) -> Made:
    """A tensor of another type of floats, in which the model computes its log-odds in full precision."""
    frame = people()
    inside = tf.float64 if dtype == tf.float64 else tf.float32
    spec = {"x": tf.TensorSpec([None, 4], dtype)}
    model = export(folder / "model", lambda x: tf.sigmoid(logit(tf.cast(x, inside))), spec)
    return Made(model, stored(frame, folder), lambda: {"x": tf.cast(matrix(frame), dtype)})


def float64(folder: Path) -> Made:
    return _float(folder, tf.float64)


def float16(folder: Path) -> Made:
    return _float(folder, tf.float16)


def bfloat16(folder: Path) -> Made:
    return _float(folder, tf.bfloat16)


KINDS = [
    Kind("integers and booleans", "input", typed),
    Kind("`float64` input", "input", float64),
    Kind("`float16` input", "input", float16),
    Kind("`bfloat16` input", "input", bfloat16),
]
