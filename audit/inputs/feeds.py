"""Feeds: a batch of data columns as the tensors that a signature takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from audit.data.arrow_columns import Codes, numbers, tensors, texts
from audit.errors import RowError
from audit.frameworks.tensorflow_loader import tensorflow
from audit.result import Scalar

Values = np.ndarray | Codes
"""The rows of one column: float64 ``(rows,)``, texts as codes, images ``(rows, …)``, or encoded images as bytes."""


@dataclass(frozen=True)
class Feed:
    """Maps data columns to one input tensor of the model, made of its features in the order of ``columns``.

    ``flat`` inputs take shape ``(rows,)``, the others ``(rows, columns)``. ``columns`` are the names of the features:
    those of the data columns that are read, unless one of these holds several.
    """

    name: str
    dtype: Any
    flat: bool
    columns: list[str]

    @property
    def reads(self) -> list[str]:
        """Names of the data columns that the feed reads."""
        return self.columns

    @property
    def is_text(self) -> bool:
        """Whether the input takes text."""
        return bool(self.dtype == tensorflow().string)

    def read(self, batch: pa.RecordBatch, first_row: int, missing: Mapping[str, Scalar]) -> list[Values]:
        """Return the columns' values in a batch, checked: float64 ``(rows,)`` each, or codes for a text input."""
        if self.is_text:
            return [texts(batch.column(name), name, missing.get(name)) for name in self.columns]
        values = [numbers(batch.column(name), name, first_row, missing.get(name)) for name in self.columns]
        self.require_whole(values, first_row)
        return list(values)

    def tensor(self, values: Sequence[Values]) -> Any:
        """Return the input tensor that the signature takes, in its dtype and rank."""
        tf = tensorflow()
        if self.dtype == tf.string:
            parts = [tf.gather(tf.constant(v.vocabulary), v.codes) for v in values if isinstance(v, Codes)]
            return parts[0] if self.flat else tf.stack(parts, axis=1)
        numeric = [v for v in values if isinstance(v, np.ndarray)]
        dtype = np.float32 if self.dtype == tf.bfloat16 else self.dtype.as_numpy_dtype
        with np.errstate(over="ignore"):  # too large a number is infinite, and reported as such
            if self.flat:
                return tf.cast(numeric[0].astype(dtype), self.dtype)
            matrix = np.empty((len(numeric[0]), len(numeric)), dtype)
            for index, column in enumerate(numeric):
                matrix[:, index] = column
            return tf.cast(matrix, self.dtype)

    def ranked(self, numbers: Any) -> Any:
        """Return numbers ``(rows, columns)`` in the input's rank, in one or two dimensions."""
        return numbers[:, 0] if self.flat else numbers

    def require_whole(self, values: Sequence[np.ndarray], first_row: int) -> None:
        """Raise a RowError if the input takes integers or booleans and a value is none."""
        if self.dtype.is_integer or self.dtype.is_bool:
            for name, column in zip(self.columns, values, strict=True):
                self._require_whole(name, column, first_row)

    def _require_whole(self, name: str, column: np.ndarray, first_row: int) -> None:
        low, high = (0, 1) if self.dtype.is_bool else (self.dtype.min, self.dtype.max)
        allowed = (column == np.rint(column)) & (low <= column) & (column <= high)
        if not allowed.all():
            at = int((~allowed).argmax())
            is_whole = column[at] == np.rint(column[at])
            raise RowError(
                row=first_row + at,
                where=f"data column {name!r}",
                expected=f"values of the model's input {self.name!r}: {self.dtype.name}",
                found="a number beyond its range" if is_whole else "a number that is not whole",
                fix="correct the data, or give the input another column under model.inputs",
            )


@dataclass(frozen=True)
class Vector(Feed):
    """Feed from one data column of arrays: each of their numbers is a feature, ``x[0]`` or ``x[0, 0]``.

    ``shape`` is that of one row.
    """

    column: str
    shape: tuple[int, ...]

    @property
    def reads(self) -> list[str]:
        """Name of the one data column that the feed reads."""
        return [self.column]

    def read(self, batch: pa.RecordBatch, first_row: int, missing: Mapping[str, Scalar]) -> list[Values]:
        """Return the arrays of a batch, one feature after the other, float64 ``(rows,)`` each."""
        rows = tensors(batch.column(self.column), self.column).astype(np.float64)
        values = list(rows.reshape(len(rows), -1).T)
        self.require_whole(values, first_row)
        return list(values)

    def tensor(self, values: Sequence[Values]) -> Any:
        """Return the input tensor of arrays ``(rows, *shape)``."""
        return self.ranked(super().tensor(values))

    def ranked(self, numbers: Any) -> Any:
        """Return numbers ``(rows, columns)`` in the input's shape."""
        return tensorflow().reshape(numbers, [-1, *self.shape])


def vector(name: str, dtype: Any, column: str, shape: Sequence[int]) -> Vector:
    """Return the feed of the input ``name`` from the one ``column`` of arrays."""
    places = (", ".join(map(str, place)) for place in np.ndindex(*shape))
    return Vector(name, dtype, False, [f"{column}[{place}]" for place in places], column, tuple(shape))
