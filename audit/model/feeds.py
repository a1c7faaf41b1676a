"""How a batch of data columns becomes the tensors that a signature takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from audit.data.columns import Codes, numbers, texts
from audit.errors import AuditError
from audit.model.framework import tensorflow
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

    @property
    def is_text(self) -> bool:
        """Whether the input takes text."""
        return bool(self.dtype == tensorflow().string)

    def read(self, batch: pa.RecordBatch, first_row: int, missing: Mapping[str, Scalar]) -> list[Values]:
        """Return the columns' values, checked: float64 ``(rows,)`` each, or codes for a text input."""
        if self.is_text:
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
