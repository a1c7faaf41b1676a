"""Ragged and sparse inputs, which a signature has as several dense tensors."""

from collections.abc import Mapping
from typing import Any

from audit.errors import AuditError

_MAKERS = {"sparse": "tf.sparse.from_dense", "ragged": "tf.RaggedTensor.from_tensor with padding"}
_SUFFIXES = [("", "_1", "_2"), ("_indices", "_values", "_dense_shape"), ("_indices", "_values", "_shape")]


def sparse_input(inputs: Mapping[str, Any]) -> list[str]:
    """Return the names of the tensors of a sparse input (indices, values, dense shape), none if there is none."""
    for name in inputs:
        for suffixes in _SUFFIXES:
            stem = name.removesuffix(suffixes[0])
            parts = [stem + suffix for suffix in suffixes]
            if all(part in inputs for part in parts) and _is_sparse([inputs[part] for part in parts]):
                return parts
    return []


def row_splits(name: str, inputs: Mapping[str, Any]) -> str | None:
    """Return the name of the tensor of row splits of the ragged input ``name``, None if it has none."""
    splits = inputs.get(f"{name}_1")
    return f"{name}_1" if splits is not None and splits.dtype.is_integer and splits.shape.rank == 1 else None


def composite_error(where: str, kind: str, parts: list[str]) -> AuditError:
    """Return the AuditError for a ragged or sparse input."""
    return AuditError(
        where=where,
        expected="dense tensors with one row each for every row of the data",
        found=f"a {kind} tensor, which stands in the signature as {', '.join(map(repr, parts))}",
        fix=f"export a signature that takes a dense tensor and makes it {kind} inside ({_MAKERS[kind]})",
    )


def _is_sparse(specs: list[Any]) -> bool:
    indices, _, shape = specs
    return bool(
        indices.dtype.name == shape.dtype.name == "int64"
        and indices.shape.rank == 2
        and shape.shape.rank == 1
    )
