"""Signatures of a fixed number of rows: called batch by batch, the last one filled up."""

from collections.abc import Mapping
from typing import Any

from audit.frameworks.tensorflow_loader import tensorflow


def fixed_batch(inputs: Mapping[str, Any]) -> int | None:
    """Return the number of rows that all ``inputs`` (TensorSpecs) require, None if they take any."""
    sizes = {None if spec.shape.rank in (None, 0) else spec.shape[0] for spec in inputs.values()}
    return sizes.pop() if len(sizes) == 1 else None


def with_free_rows(spec: Any) -> Any:
    """Return a TensorSpec with a free first dimension."""
    return tensorflow().TensorSpec([None, *spec.shape[1:]], spec.dtype, spec.name)


def call_in_batches(function: Any, output: str, size: int, tensors: Mapping[str, Any]) -> Any:
    """Return the output of a ConcreteFunction of ``size`` rows for any number of rows.

    Args:
        function: the ConcreteFunction, called with one keyword an input.
        output: name of the output that is returned.
        size: rows of a batch; the last row fills up the last batch.
        tensors: the inputs by name, all of as many rows.
    """
    tf = tensorflow()
    rows = tf.shape(next(iter(tensors.values())))[0]
    batches = {name: _split(tensor, rows, size) for name, tensor in tensors.items()}
    if tf.executing_eagerly():  # where a loop of TensorFlow's would cost more than the calls
        columns = zip(*(tf.unstack(batch) for batch in batches.values()), strict=True)
        scores = [function(**dict(zip(batches, batch, strict=True)))[output] for batch in columns]
        return tf.concat(scores, 0)[:rows]
    spec = function.structured_outputs[output]
    scores = tf.map_fn(lambda batch: function(**batch)[output], batches, fn_output_signature=spec.dtype)
    return tf.reshape(scores, [-1, *spec.shape[1:]])[:rows]


def _split(tensor: Any, rows: Any, size: int) -> Any:
    """Return the rows as ``(batches, size, …)``."""
    tf = tensorflow()
    tensor = tf.convert_to_tensor(tensor)
    filled = tf.concat([tensor, tf.repeat(tensor[-1:], -rows % size, axis=0)], 0)
    return tf.reshape(filled, tf.concat([[-1, size], tf.shape(tensor)[1:]], 0))
