"""Data columns that may be those of a model's input."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pyarrow as pa

from audit.data.column_types import is_bytes, is_tensor
from audit.policy.model import DataSpec

_UNNAMED = re.compile(r"\s*|Unnamed: \d+([._].*)?|__index_level_\d+__")
"""Names of columns that hold a data frame's index: none, and those that pandas and Arrow give."""


def left_out(data: DataSpec, schema: pa.Schema) -> list[str]:
    """Return the columns that are never features: those of ``data.ignore``, and those without a name of their own."""
    return [name for name in schema.names if name in data.ignore or _UNNAMED.fullmatch(name)]


class NumericColumns(NamedTuple):
    """Names of a table's columns, those of numbers and the others."""

    numeric: list[str]
    others: list[str]


@dataclass(frozen=True)
class ColumnCandidates:
    """The columns of a table that a model may read: all but label, weight, cluster and those that are `left_out`."""

    data: DataSpec
    schema: pa.Schema

    @property
    def names(self) -> list[str]:
        """Names of all columns of the table, label, weight and cluster too."""
        return list(self.schema.names)

    @cached_property
    def left_out(self) -> list[str]:
        """Names of the columns that are never features."""
        return left_out(self.data, self.schema)

    def numeric(self) -> NumericColumns:
        """Return the names of the numeric columns, and of the others."""
        numeric = self._of(_is_numeric)
        return NumericColumns(numeric, [f.name for f in self._free() if f.name not in numeric])

    def texts(self) -> list[str]:
        """Return the names of the columns of text or bytes that are not a protected attribute's."""
        protected = self.data.protected
        grouped = {name for key, spec in protected.items() for name in (spec.columns or {key: key}).values()}
        return [name for name in self._of(_is_text) if name not in grouped]

    def tensors(self) -> list[str]:
        """Return the names of columns that hold an array in every row, or bytes, which may be an image's."""
        return self._of(lambda kind: is_tensor(kind) or is_bytes(kind))

    def named(self, name: str) -> list[str]:
        """Return the column called ``name``, or those whose names an exporter sanitizes into it."""
        possible = [c for c in self.names if c not in self.left_out]
        if name in possible:
            return [name]
        return [c for c in possible if c != self.data.label and _sanitized(c) == _sanitized(name)]

    def kind(self, name: str) -> pa.DataType | None:
        """Return the type of the column ``name``, None if there is no such column."""
        return self.schema.field(name).type if name in self.names else None

    def _free(self) -> list[pa.Field]:
        other = {self.data.label, self.data.weight, self.data.cluster, *self.left_out}
        return [field for field in self.schema if field.name not in other]

    def _of(self, has_type: Callable[[pa.DataType], bool]) -> list[str]:
        return [field.name for field in self._free() if has_type(field.type)]


def _is_numeric(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_floating(kind) or types.is_integer(kind) or types.is_boolean(kind) or types.is_decimal(kind)
    )


def _is_text(kind: pa.DataType) -> bool:
    return is_bytes(kind) or bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _sanitized(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
