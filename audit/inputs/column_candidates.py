"""The data columns that may belong to an input of a signature."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from audit.data.column_types import is_bytes, is_tensor
from audit.policy.model import DataSpec


@dataclass(frozen=True)
class ColumnCandidates:
    """The columns of a table, as far as a model may read them: not the label, the weight, the cluster."""

    data: DataSpec
    schema: pa.Schema

    @property
    def names(self) -> list[str]:
        """All columns."""
        return list(self.schema.names)

    def numeric(self) -> tuple[list[str], list[str]]:
        """Return the numeric columns and the others."""
        numeric = self._of(_is_numeric)
        return numeric, [field.name for field in self._free() if field.name not in numeric]

    def texts(self) -> list[str]:
        """Return the columns of text, or of bytes, that are no protected attribute."""
        protected = self.data.protected
        grouped = {name for key, spec in protected.items() for name in (spec.columns or {key: key}).values()}
        return [name for name in self._of(_is_text) if name not in grouped]

    def tensors(self) -> list[str]:
        """Return the columns that hold an array in every row, or bytes, which may be those of a picture."""
        return self._of(lambda kind: is_tensor(kind) or is_bytes(kind))

    def named(self, name: str) -> list[str]:
        """Return the column of that name, or those whose names an exporter sanitizes into it."""
        if name in self.names:
            return [name]
        return [c for c in self.names if c != self.data.label and _sanitized(c) == _sanitized(name)]

    def kind(self, name: str) -> pa.DataType | None:
        """Return a column's type, None where there is none of that name."""
        return self.schema.field(name).type if name in self.names else None

    def _free(self) -> list[pa.Field]:
        other = {self.data.label, self.data.weight, self.data.cluster}
        return [field for field in self.schema if field.name not in other]

    def _of(self, wanted: Callable[[pa.DataType], bool]) -> list[str]:
        return [field.name for field in self._free() if wanted(field.type)]


def _is_numeric(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_floating(kind) or types.is_integer(kind) or types.is_boolean(kind) or types.is_decimal(kind)
    )


def _is_text(kind: pa.DataType) -> bool:
    return is_bytes(kind) or bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _sanitized(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
