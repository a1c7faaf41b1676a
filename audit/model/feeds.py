"""Which data columns feed which input of the signature, and how a batch of them becomes tensors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from audit.data.columns import Codes, numbers, texts
from audit.errors import AuditError, nearest, some
from audit.model.framework import tensorflow
from audit.policy.model import DataSpec
from audit.result import Scalar

Values = np.ndarray | Codes


@dataclass(frozen=True)
class Feed:
    """One input of the signature and the data columns it is made of, one after the other.

    ``flat`` inputs take shape ``(rows,)``, the others ``(rows, columns)``.
    """

    name: str
    dtype: Any
    flat: bool
    columns: list[str]

    def read(self, batch: pa.RecordBatch, first_row: int, missing: Mapping[str, Scalar]) -> list[Values]:
        """Return the columns' values, checked: float64 ``(rows,)`` each, or codes for a text input."""
        if self.dtype == tensorflow().string:
            return [texts(batch.column(name), name, missing.get(name)) for name in self.columns]
        values = [numbers(batch.column(name), name, first_row, missing.get(name)) for name in self.columns]
        if self.dtype.is_integer or self.dtype.is_bool:
            for name, column in zip(self.columns, values, strict=True):
                self._require_whole(name, column, first_row)
        return list(values)

    def tensor(self, values: Sequence[Values]) -> Any:
        """Return the tensor that the signature takes, in its dtype and rank."""
        tf = tensorflow()
        if self.dtype == tf.string:
            parts = [tf.gather(tf.constant(v.vocabulary), v.codes) for v in values if isinstance(v, Codes)]
            return parts[0] if self.flat else tf.stack(parts, axis=1)
        numeric = [v for v in values if isinstance(v, np.ndarray)]
        dtype = np.float32 if self.dtype == tf.bfloat16 else self.dtype.as_numpy_dtype
        if self.flat:
            return tf.cast(numeric[0].astype(dtype), self.dtype)
        matrix = np.empty((len(numeric[0]), len(numeric)), dtype)
        for index, column in enumerate(numeric):
            matrix[:, index] = column
        return tf.cast(matrix, self.dtype)

    def _require_whole(self, name: str, column: np.ndarray, first_row: int) -> None:
        low, high = (0, 1) if self.dtype.is_bool else (self.dtype.min, self.dtype.max)
        allowed = (column == np.rint(column)) & (low <= column) & (column <= high)
        if not allowed.all():
            at = int((~allowed).argmax())
            raise AuditError(
                where=f"data column {name!r}",
                expected=f"values of the model's input {self.name!r}: {self.dtype.name}",
                found=f"{column[at]:g} in row {first_row + at:,}",
                fix="correct the data, or give the input another column under model.inputs",
            )


def bind(
    inputs: Mapping[str, Any], given: Mapping[str, list[str]], data: DataSpec, schema: pa.Schema, where: str
) -> list[Feed]:
    """Match the signature's ``inputs`` (name to TensorSpec) with columns.

    In this order: what the policy gives under ``model.inputs``; the column of the same name; the one
    column whose name the exporter sanitized into the input's; for a single tensor, all numeric columns
    but label, weight and cluster in file order, when their number equals its width.

    Raises:
        AuditError: an input has no column or the wrong number of them, or a shape is not supported.
    """
    for name in given:
        if name not in inputs:
            raise AuditError(
                where=f"model.inputs.{name}",
                expected=f"an input of the signature: {some(inputs)}",
                found=f"{name!r}{nearest(name, inputs)}",
            )
    return [_feed(name, spec, given, data, schema, where, len(inputs) == 1) for name, spec in inputs.items()]


def _feed(
    name: str,
    spec: Any,
    given: Mapping[str, list[str]],
    data: DataSpec,
    schema: pa.Schema,
    where: str,
    single: bool,
) -> Feed:
    flat, width = _layout(name, spec, where)
    columns = given.get(name) or _by_name(name, data, schema, where)
    if columns is None and single:
        columns = _all_numeric(name, width, data, schema, where)
    elif columns is None:
        raise AuditError(
            where=f"{where}: input {name!r}",
            expected=f"a data column of that name{nearest(name, schema.names)}",
            found=f"the columns {some(schema.names)}",
            fix=f"add the column, or say which one it is: model.inputs: {{{name}: COLUMN}}",
        )
    if width is not None and len(columns) != width:
        raise AuditError(
            where=f"{where}: input {name!r}",
            expected=f"{width} column{'s' * (width != 1)} for a tensor of shape {_shape(spec)}",
            found=f"{len(columns)}: {some(columns)}",
            fix=f"list the columns in the model's order: model.inputs: {{{name}: [COLUMN, …]}}",
        )
    return Feed(name, spec.dtype, flat, list(columns))


def _layout(name: str, spec: Any, where: str) -> tuple[bool, int | None]:
    """Return whether the input takes a vector, and its width (None where it is free)."""
    rank = spec.shape.rank
    if rank not in (1, 2) or spec.shape[0] is not None:
        raise AuditError(
            where=f"{where}: input {name!r}",
            expected="a tensor of shape (rows,) or (rows, columns) with a free number of rows",
            found=f"shape {_shape(spec)}",
            fix="export the model with such a signature",
        )
    return rank == 1, 1 if rank == 1 else spec.shape[1]


def _by_name(name: str, data: DataSpec, schema: pa.Schema, where: str) -> list[str] | None:
    if name in schema.names:
        return [name]
    matches = [
        column for column in schema.names if column != data.label and _sanitized(column) == _sanitized(name)
    ]
    if len(matches) > 1:
        raise AuditError(
            where=f"{where}: input {name!r}",
            expected="one column of that name",
            found=f"{some(matches)}",
            fix=f"say which one it is: model.inputs: {{{name}: COLUMN}}",
        )
    return matches or None


def _all_numeric(name: str, width: int | None, data: DataSpec, schema: pa.Schema, where: str) -> list[str]:
    other = {data.label, data.weight, data.cluster}
    free = [field for field in schema if field.name not in other]
    columns = [field.name for field in free if _is_numeric(field.type)]
    rest = [field.name for field in free if field.name not in columns]
    if width is not None and len(columns) == width:
        return columns
    raise AuditError(
        where=f"{where}: input {name!r}",
        expected=f"{'a known number of' if width is None else width} numeric columns besides label, weight, cluster",
        found=f"{len(columns)}: {some(columns)} (not numeric: {some(rest)})",
        fix=f"list the columns in the model's order: model.inputs: {{{name}: [COLUMN, …]}}",
    )


def _is_numeric(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_floating(kind) or types.is_integer(kind) or types.is_boolean(kind) or types.is_decimal(kind)
    )


def _sanitized(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _shape(spec: Any) -> str:
    return "unknown" if spec.shape.rank is None else str(spec.shape.as_list())
