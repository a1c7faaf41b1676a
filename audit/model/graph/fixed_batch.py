"""Signatures that take a fixed number of rows: called batch by batch, the last one filled up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.frameworks.tensorflow_loader import tensorflow


def fixed_batch(inputs: Mapping[str, Any]) -> int | None:
    """Return the one number of rows that all ``inputs`` (TensorSpecs) ask for, None if they take any."""
    sizes = {None if spec.shape.rank in (None, 0) else spec.shape[0] for spec in inputs.values()}
    return sizes.pop() if len(sizes) == 1 else None


def with_free_rows(spec: Any) -> Any:
    """Return a TensorSpec with a free first dimension."""
    return tensorflow().TensorSpec([None, *spec.shape[1:]], spec.dtype, spec.name)


class FixedBatchFunction:
    """A ConcreteFunction of ``size`` rows as one of any number of them.

    Args:
        function: called with one keyword an input.
        output: the one of its outputs that is returned.
        size: rows of a batch; the last row fills up the last batch.
    """

    def __init__(self, function: Any, output: str, size: int) -> None:
        self._function, self._output, self._size = function, output, size

    def __call__(self, **tensors: Any) -> Any:
        """Return the output of all rows."""
        tf = tensorflow()
        rows = tf.shape(next(iter(tensors.values())))[0]
        parts = {name: self._split(tensor, rows) for name, tensor in tensors.items()}
        if tf.executing_eagerly():  # where a loop of TensorFlow's would cost more than the calls
            names, batches = list(parts), zip(*(tf.unstack(part) for part in parts.values()), strict=True)
            scores = [self._function(**dict(zip(names, batch, strict=True))) for batch in batches]
            return tf.concat([found[self._output] for found in scores], 0)[:rows]
        spec = self._function.structured_outputs[self._output]
        found = tf.map_fn(
            lambda part: self._function(**part)[self._output], parts, fn_output_signature=spec.dtype
        )
        return tf.reshape(found, [-1, *spec.shape[1:]])[:rows]

    def _split(self, tensor: Any, rows: Any) -> Any:
        """Return the rows as ``(batches, size, …)``."""
        tf = tensorflow()
        tensor = tf.convert_to_tensor(tensor)
        filled = tf.concat([tensor, tf.repeat(tensor[-1:], -rows % self._size, axis=0)], 0)
        return tf.reshape(filled, tf.concat([[-1, self._size], tf.shape(tensor)[1:]], 0))
