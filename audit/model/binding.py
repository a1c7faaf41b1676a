"""Matches the inputs of a signature with the columns of the data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from audit.errors import AuditError, nearest, some
from audit.model.feeds import Feed
from audit.policy.model import DataSpec


def bind(
    inputs: Mapping[str, Any], given: Mapping[str, list[str]], data: DataSpec, schema: pa.Schema, where: str
) -> list[Feed]:
    """Match the signature's ``inputs`` (name to TensorSpec) with columns.

    In this order: what the policy gives under ``model.inputs``; for a single tensor of several columns, all
    numeric columns but label, weight and cluster in file order, when their number equals its width; the
    column of the same name; the one column whose name the exporter sanitized into the input's; for a
    single tensor of one column, the only numeric one.

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
    columns = _Columns(data, schema)
    feeds = []
    for name, spec in inputs.items():
        bound = _Input(name, spec, f"{where}: input {name!r}")
        feeds.append(bound.feed(given.get(name) or bound.find(columns, alone=len(inputs) == 1), data.label))
    return feeds


@dataclass(frozen=True)
class _Columns:
    data: DataSpec
    schema: pa.Schema

    @property
    def names(self) -> list[str]:
        return list(self.schema.names)

    def numeric(self) -> tuple[list[str], list[str]]:
        """Return the numeric columns and the others, without label, weight and cluster."""
        other = {self.data.label, self.data.weight, self.data.cluster}
        free = [field for field in self.schema if field.name not in other]
        numeric = [field.name for field in free if _is_numeric(field.type)]
        return numeric, [field.name for field in free if field.name not in numeric]

    def named(self, name: str) -> list[str]:
        """Return the column of that name, or those whose names an exporter sanitizes into it."""
        if name in self.names:
            return [name]
        return [c for c in self.names if c != self.data.label and _sanitized(c) == _sanitized(name)]


@dataclass(frozen=True)
class _Input:
    name: str
    spec: Any
    where: str

    @property
    def shape(self) -> str:
        return "unknown" if self.spec.shape.rank is None else str(self.spec.shape.as_list())

    @property
    def width(self) -> int | None:
        """Columns that the input takes, None where it does not say.

        Raises:
            AuditError: it is neither a vector nor a matrix with a free number of rows.
        """
        rank = self.spec.shape.rank
        if rank not in (1, 2) or self.spec.shape[0] is not None:
            raise AuditError(
                where=self.where,
                expected="a tensor of shape (rows,) or (rows, columns) with a free number of rows",
                found=f"shape {self.shape}",
                fix="export the model with such a signature",
            )
        return 1 if rank == 1 else self.spec.shape[1]

    def find(self, columns: _Columns, alone: bool) -> list[str]:
        """Return the columns that belong to the input when the policy does not say."""
        matches = [] if alone and self.width != 1 else columns.named(self.name)
        if len(matches) == 1:
            return matches
        if matches:
            raise AuditError(
                where=self.where,
                expected="one column of that name",
                found=some(matches),
                fix=self._say_which(),
            )
        if alone:
            return self._all_numeric(columns)
        raise AuditError(
            where=self.where,
            expected=f"a data column of that name{nearest(self.name, columns.names)}",
            found=f"the columns {some(columns.names)}",
            fix=f"add the column, or {self._say_which()}",
        )

    def feed(self, columns: list[str], label: str) -> Feed:
        """Return the feed from ``columns``, if they are as many as the input takes and none is the label."""
        width = self.width
        if label in columns:
            raise AuditError(
                where=self.where,
                expected="features, which are known before the outcome is",
                found=f"the label {label!r}",
                fix="give the input another column under model.inputs, or audit a model that does not read it",
            )
        if width is not None and len(columns) != width:
            raise AuditError(
                where=self.where,
                expected=f"{width} column{'s' * (width != 1)} for a tensor of shape {self.shape}",
                found=f"{len(columns)}: {some(columns)}",
                fix=self._list_them(),
            )
        return Feed(self.name, self.spec.dtype, self.spec.shape.rank == 1, list(columns))

    def _all_numeric(self, columns: _Columns) -> list[str]:
        numeric, rest = columns.numeric()
        if self.width is not None and len(numeric) == self.width:
            return numeric
        count = "a known number of" if self.width is None else self.width
        raise AuditError(
            where=self.where,
            expected=f"{count} numeric columns besides label, weight, cluster",
            found=f"{len(numeric)}: {some(numeric)} (not numeric: {some(rest)})",
            fix=self._list_them(),
        )

    def _say_which(self) -> str:
        return f"say which one it is: model.inputs: {{{self.name}: COLUMN}}"

    def _list_them(self) -> str:
        return f"list the columns in the model's order: model.inputs: {{{self.name}: [COLUMN, …]}}"


def _is_numeric(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_floating(kind) or types.is_integer(kind) or types.is_boolean(kind) or types.is_decimal(kind)
    )


def _sanitized(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
