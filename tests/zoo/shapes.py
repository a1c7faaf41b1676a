"""Kinds by what the shapes of the model's inputs leave open, or fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf

from .kind import Kind, Made
from .networks import X, export, logit
from .people import NUMBERS, matrix, people, stored


def fixed_batch(folder: Path) -> Made:
    """Compiled for batches of 32, as models for accelerators and phones are."""
    frame = people()
    model = export(
        folder / "model", lambda x: tf.sigmoid(logit(x))[:, None], {"x": tf.TensorSpec([32, 4], tf.float32)}
    )
    return Made(model, stored(frame, folder), lambda: {"x": matrix(frame)})


def _unknown(folder: Path, shape: list[None] | None) -> Made:
    """One tensor that does not say how many columns it takes; the policy lists them."""
    frame = people()
    spec = {"x": tf.TensorSpec(shape, tf.float32)}
    model = export(folder / "model", lambda x: tf.sigmoid(logit(tf.reshape(x, [-1, 4]))), spec)
    return Made(model, stored(frame, folder), lambda: {"x": matrix(frame)}, spec={"inputs": {"x": NUMBERS}})


def unknown_width(folder: Path) -> Made:
    return _unknown(folder, [None, None])


def unknown_rank(folder: Path) -> Made:
    return _unknown(folder, None)


def sequence(folder: Path) -> Made:
    """Twelve months of three numbers a person, in a column of tensors; the last four months of one of them count."""
    frame, random = people()[["sex"]], np.random.default_rng(1)
    months = np.clip(random.normal(size=(len(frame), 12, 3)), -4, 4).astype(np.float32)
    frame["label"] = (months[:, -4:, 0].sum(1) + random.logistic(size=len(frame)) > 0).astype(int)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.append_column("months", pa.FixedShapeTensorArray.from_numpy_ndarray(months))
    pq.write_table(table, folder / "people.parquet")

    def score(months: Any) -> Any:
        return tf.sigmoid(tf.reduce_sum(tf.tanh(months[:, -4:, 0]), 1) * 1.5)

    model = export(folder / "model", score, {"months": tf.TensorSpec([None, 12, 3], tf.float32)})
    return Made(model, folder / "people.parquet", lambda: {"months": months})


def switch(folder: Path) -> Made:
    """A signature that is told by every caller whether it is training."""
    frame = people()

    def score(x: Any, training: Any) -> Any:
        return tf.sigmoid(logit(tf.where(training, tf.nn.dropout(x, 0.5), x)))

    specs = {**X, "training": tf.TensorSpec([], tf.bool)}
    return Made(export(folder / "model", score, specs), stored(frame, folder), dict)


def ragged(folder: Path) -> Made:
    """Payments of any number a person: the signature takes their values and where each person's begin."""
    module, frame = tf.Module(), people()
    spec = tf.RaggedTensorSpec([None, None], tf.float32, ragged_rank=1)
    module.call = tf.function(
        lambda payments: {"score": tf.sigmoid(tf.reduce_sum(payments, 1))}, input_signature=[spec]
    )
    tf.saved_model.save(module, str(folder / "model"), signatures={"serving_default": module.call})
    return Made(folder / "model", stored(frame, folder), dict)


def sparse(folder: Path) -> Made:
    module, frame = tf.Module(), people()
    spec = tf.SparseTensorSpec([None, 4], tf.float32)
    module.call = tf.function(
        lambda x: {"score": tf.sigmoid(tf.sparse.reduce_sum(x, 1))}, input_signature=[spec]
    )
    tf.saved_model.save(module, str(folder / "model"), signatures={"serving_default": module.call})
    return Made(folder / "model", stored(frame, folder), dict)


KINDS = [
    Kind("a tensor of unknown width, columns listed", "input", unknown_width),
    Kind("a fixed batch size", "input", fixed_batch),
    Kind("a sequence of steps", "input", sequence),
    Kind("a tensor of unknown rank", "input", unknown_rank, refused="shape unknown"),
    Kind("a scalar switch beside the rows", "input", switch, refused="shape []"),
    Kind("a ragged input", "input", ragged, refused="ragged"),
    Kind("a sparse input", "input", sparse, refused="sparse"),
]
