"""Features that some examples lack: their marks among values, and what the parser makes of them.

A subgraph that begins behind the parser is fed what the parser would have made: defaults, or no value.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from audit.data.nulls import ABSENT_INTEGER, ABSENT_TEXT
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.graph.frozen import GraphSource

_TEXT_MARK = ABSENT_TEXT.encode()


def is_mark(value: Any) -> bool:
    """Return whether a value of a feature marks it as absent."""
    if isinstance(value, bytes):
        return value == _TEXT_MARK
    return bool(np.isnan(value)) if isinstance(value, float | np.floating) else bool(value == ABSENT_INTEGER)


def _marks(values: Any) -> Any:
    """Return which values of a tensor mark an absent feature."""
    tf = tensorflow()
    if values.dtype == tf.string:
        return tf.equal(values, _TEXT_MARK)
    if values.dtype.is_floating:
        return tf.math.is_nan(values)
    return tf.equal(values, tf.constant(ABSENT_INTEGER, values.dtype))


def with_default(source: GraphSource, default: np.ndarray | None) -> GraphSource:
    """Return the source of a dense feature with the parser's ``default`` where a row lacks it."""

    def filled(value: Any) -> Any:
        tf = tensorflow()
        return value if default is None else tf.where(_marks(value), tf.cast(default, value.dtype), value)

    def after(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda value: convert(filled(value))

    others = {tensor: after(convert) for tensor, convert in source.others.items()}
    return GraphSource(source.tensor, {source.tensor: filled, **others})


def sparse_source(indices: str, values: str, shape: str, lacking: bool) -> GraphSource:
    """Return the tensors of a sparse feature, fed as one value a row; with ``lacking`` rows may have none."""
    if not lacking:
        return GraphSource(values, {indices: _indices, shape: _dense_shape})
    return GraphSource(values, {values: _present, indices: _present_indices, shape: _dense_shape})


def _indices(values: Any) -> Any:
    """Return the indices of a sparse tensor with one value a row."""
    tf = tensorflow()
    rows = tf.shape(values, tf.int64)[0]
    return tf.stack([tf.range(rows), tf.zeros(rows, tf.int64)], axis=1)


def _present(values: Any) -> Any:
    return tensorflow().boolean_mask(values, ~_marks(values))


def _present_indices(values: Any) -> Any:
    return tensorflow().boolean_mask(_indices(values), ~_marks(values))


def _dense_shape(values: Any) -> Any:
    tf = tensorflow()
    return tf.stack([tf.shape(values, tf.int64)[0], 1])
