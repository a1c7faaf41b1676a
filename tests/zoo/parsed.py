"""Kinds that take serialized `tf.Example` protocol buffers and parse them in the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

from .kind import Kind, Made
from .networks import export
from .people import stored
from .serialized import applicants, chance, example, serialized

Parse = Callable[[Any], Mapping[str, Any]]
"""Maps serialized examples ``(rows,)`` to the features of `chance`."""

_DENSE = {
    "income": tf.io.FixedLenFeature([1], tf.float32),
    "history": tf.io.FixedLenFeature([2], tf.float32),
    "children": tf.io.FixedLenFeature([], tf.int64, default_value=0),
    "job": tf.io.FixedLenFeature([1], tf.string, default_value="none"),
}
_TYPES = {name: feature.dtype for name, feature in _DENSE.items()}
_SERIALIZED = {"examples": tf.TensorSpec([None], tf.string)}


def _dense(examples: Any) -> Any:
    return tf.io.parse_example(examples, _DENSE)


def _sparse(examples: Any) -> Any:
    """Parse as TFX and feature columns do: what may be absent or several is sparse, and made dense afterwards."""
    parsed = tf.io.parse_example(examples, {**_DENSE, "job": tf.io.VarLenFeature(tf.string)})
    return {**parsed, "job": tf.sparse.to_dense(parsed["job"], default_value="none")}


def _made(folder: Path, parse: Parse) -> Made:
    """Export the model with the data as Parquet; only the feature of two numbers needs to be told its columns."""
    frame = applicants()
    model = export(folder / "model", lambda examples: tf.sigmoid(chance(parse(examples))), _SERIALIZED)
    return Made(
        model,
        stored(frame, folder),
        lambda: {"examples": serialized(frame)},
        spec={"inputs": {"history": ["debt", "late"]}},
    )


def dense(folder: Path) -> Made:
    return _made(folder, _dense)


def sparse(folder: Path) -> Made:
    return _made(folder, _sparse)


def row_by_row(folder: Path) -> Made:
    """Parsed inside a loop, where the graph cannot be cut."""

    def parse(examples: Any) -> Any:
        return tf.map_fn(
            lambda one: tf.io.parse_single_example(one, _DENSE), examples, fn_output_signature=_TYPES
        )

    return _made(folder, parse)


def ragged(folder: Path) -> Made:
    """A feature of any number of values, as a ragged tensor."""

    def parse(examples: Any) -> Any:
        parsed = tf.io.parse_example(examples, {**_DENSE, "job": tf.io.RaggedFeature(tf.string)})
        return {**parsed, "job": parsed["job"].to_tensor("none")}

    return _made(folder, parse)


def tfrecord(folder: Path) -> Made:
    """The data are the very examples that the model is served with; label and group stand in them."""
    made, frame = _made(folder, _dense), applicants()
    made.data.unlink()
    file = folder / "people.tfrecord"
    with tf.io.TFRecordWriter(str(file)) as writer:
        for row in frame.to_dict("records"):
            label = tf.train.Feature(int64_list={"value": [row["label"]]})
            sex = tf.train.Feature(bytes_list={"value": [row["sex"].encode()]})
            writer.write(example(row, label=label, sex=sex))
    return Made(made.model, file, made.fed)


def _estimator(folder: Path, frame: pd.DataFrame, signed: Callable[[Any, Any], Any]) -> Made:
    """Export a TensorFlow 1 graph with the signature that ``signed`` makes of its examples and log-odds."""
    v1 = tf.compat.v1
    path = folder / "model"
    with tf.Graph().as_default(), v1.Session() as session:
        examples = v1.placeholder(tf.string, [None], name="input_example_tensor")
        signature = signed(examples, chance(v1.parse_example(examples, _DENSE)))
        builder = v1.saved_model.Builder(str(path))
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()
    return Made(
        path,
        stored(frame, folder),
        lambda: {"inputs": serialized(frame)},
        spec={"inputs": {"history": ["debt", "late"]}},
    )


def estimator(folder: Path) -> Made:
    """As an estimator exports its classifier: examples in, scores and class names out."""

    def signed(examples: Any, odds: Any) -> Any:
        scores = tf.nn.softmax(tf.stack([tf.zeros_like(odds), odds], 1))
        classes = tf.tile(tf.constant([["0", "1"]]), [tf.shape(examples)[0], 1])
        return tf.compat.v1.saved_model.classification_signature_def(examples, classes, scores)

    return _estimator(folder, applicants(), signed)


def regressor(folder: Path) -> Made:
    """As an estimator exports its regressor."""
    frame = applicants()
    noise = np.random.default_rng(8).normal(0, 0.5, len(frame))
    frame["label"] = chance(_dense(tf.constant(serialized(frame)))).numpy() + noise
    return _estimator(folder, frame, tf.compat.v1.saved_model.regression_signature_def)


KINDS = [
    Kind("`tf.Example`, features of fixed length", "input", dense),
    Kind("`tf.Example`, a feature of variable length", "input", sparse),
    Kind("`tf.Example`, parsed row by row", "input", row_by_row),
    Kind("`tf.Example`, a ragged feature", "input", ragged, refused="ragged"),
    Kind("`tf.Example`, data as `.tfrecord`", "input", tfrecord),
    Kind("`tf.Example`, TensorFlow 1 classifier of an estimator", "input", estimator),
    Kind("`tf.Example`, TensorFlow 1 regressor of an estimator", "input", regressor),
]
