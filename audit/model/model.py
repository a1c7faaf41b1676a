"""A SavedModel as the audit sees it: a function of data columns, on its signature's ConcreteFunction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from audit.errors import AuditError, nearest, some
from audit.model.framework import graph, tensorflow
from audit.model.graph import Operation, output_operation
from audit.model.signature import Signature, open_signature
from audit.policy.model import ModelSpec
from audit.result import TensorFacts


class Model:
    """One output of one signature of a loaded model.

    ``signature.function`` is differentiable where the graph is; call the model for scores.
    """

    def __init__(self, signature: Signature, output: str, where: str) -> None:
        self.signature, self.output, self.where = signature, output, where

    @property
    def width(self) -> int:
        """Columns of the output; a vector without a class axis has one."""
        spec = self.signature.outputs[self.output]
        if not spec.dtype.is_floating:
            raise self._error("scores as floating-point numbers", f"values of type {spec.dtype.name}")
        shape = spec.shape
        if shape.rank not in (1, 2) or (shape.rank == 2 and shape[1] is None):
            found = f"shape {'unknown' if shape.rank is None else shape.as_list()}"
            raise self._error("scores of shape (rows,) or (rows, classes)", found)
        return 1 if shape.rank == 1 else int(shape[1])

    @property
    def operation(self) -> Operation:
        """The operation that computes the output."""
        function = self.signature.function
        # in the order in which TensorFlow flattens a dict
        position = sorted(function.structured_outputs).index(self.output)
        return output_operation(function, function.outputs[position].name)

    @property
    def inputs(self) -> list[TensorFacts]:
        """The signature's inputs, sorted by name."""
        return [tensor_facts(name, spec) for name, spec in self.signature.inputs.items()]

    def __call__(self, tensors: Mapping[str, Any], first_row: int = 1) -> np.ndarray:
        """Return raw outputs ``(rows, width)`` in the model's dtype.

        Raises:
            AuditError: the model fails on these rows, or does not return one finite score or row of scores each.
        """
        try:
            raw = self.signature.function(**tensors)[self.output].numpy()
        except tensorflow().errors.OpError as error:
            raise self._failed(first_row, error) from error
        rows, width = len(next(iter(tensors.values()))), self.width
        if raw.shape[:1] != (rows,):
            raise self._error("one score a row", f"shape {list(raw.shape)} for {rows:,} rows")
        raw = raw.reshape(rows, width)
        finite = np.isfinite(raw.astype(np.float64)).all(1)
        if not finite.all():
            row = first_row + int((~finite).argmax())
            found = f"NaN or infinity in {int((~finite).sum()):,} rows, first in row {row:,}"
            raise self._error("finite scores", found)
        return np.asarray(raw)

    def compiled(self, tensors: Callable[[Any], Mapping[str, Any]]) -> Callable[[Any], Mapping[str, Any]]:
        """Return ``tensors``, which makes the signature's inputs from a matrix, as one graph."""
        return graph(tensors)  # type: ignore[no-any-return]

    def differentiable(self, tensors: Mapping[str, Any]) -> bool:
        """Tell whether a gradient of the output reaches a float input at these rows."""
        tf = tensorflow()
        floats = [tensor for tensor in tensors.values() if tensor.dtype.is_floating]
        if not floats:
            return False
        try:
            with tf.GradientTape() as tape:
                tape.watch(floats)
                scores = self.signature.function(**tensors)[self.output]
            unequal = tf.cumsum(tf.ones_like(scores), axis=-1)  # the columns of a softmax sum to a constant
            gradients = tape.gradient(scores, floats, output_gradients=unequal)
        except (LookupError, ValueError, tf.errors.OpError):  # an operation without a gradient
            return False
        return any(
            g is not None and bool(tf.reduce_any(tf.not_equal(tf.cast(g, tf.float32), 0))) for g in gradients
        )

    def _error(self, expected: str, found: str) -> AuditError:
        return AuditError(
            where=f"{self.where}: output {self.output!r}",
            expected=expected,
            found=found,
            fix="name another output: model.output: {name: OUTPUT}",
        )

    def _failed(self, first_row: int, error: Exception) -> AuditError:
        message = str(getattr(error, "message", error)).strip().splitlines()
        return AuditError(
            where=self.where,
            expected="scores for the data's rows",
            found=f"the model failed in the batch that starts at row {first_row:,}: {(message or ['?'])[0][:300]}",
            fix="compare the data's values with what the model was trained on",
        )


def open_model(spec: ModelSpec, path: Path) -> Model:
    """Load the model at ``path`` and choose its output.

    Raises:
        AuditError: the model cannot be loaded, or the output is not there or not unique.
    """
    signature = open_signature(path, spec.signature)
    where = f"{path} ({signature.name})"
    return Model(signature, _choose(spec.output.name, list(signature.outputs), where), where)


def _choose(wanted: str | None, outputs: Sequence[str], where: str) -> str:
    if wanted is None and len(outputs) == 1:
        return outputs[0]
    if wanted in outputs:
        return str(wanted)
    raise AuditError(
        where=where,
        expected=f"model.output: {{name: OUTPUT}} with one of {some(outputs)}",
        found=f"{wanted!r}{nearest(wanted, outputs)}" if wanted else f"{len(outputs)} outputs and no name",
    )


def tensor_facts(name: str, spec: Any) -> TensorFacts:
    """Return name, dtype and shape of a TensorSpec."""
    shape = None if spec.shape.rank is None else spec.shape.as_list()
    return TensorFacts(name=name, dtype=spec.dtype.name, shape=shape)
