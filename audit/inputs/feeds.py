"""Feeds: a batch of data columns as the tensors that a signature takes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from audit.data.arrow_columns import Codes, inexact, numbers, tensors, texts
from audit.data.nulls import ABSENT_INTEGER, Missing, replacement
from audit.errors import RowError
from audit.frameworks.tensorflow_loader import tensorflow
from audit.policy.model import Absent
from audit.result import Scalar

Values = np.ndarray | Codes
"""The rows of one column: float64 ``(rows,)``, texts as codes, images ``(rows, …)``, or encoded images as bytes."""


_FIRST_INEXACT = 2.0**53
"""The least whole number that a 64-bit float may hold in place of another one: 2^53 + 1 is rounded to it."""


@dataclass(frozen=True)
class Feed:
    """Maps data columns to one input tensor of the model, made of its features in the order of ``columns``.

    ``flat`` inputs take shape ``(rows,)``, the others ``(rows, columns)``. ``columns`` are the names of the features:
    those of the data columns that are read, unless one of these holds several. An ``optional`` one is a feature of a
    serialized example that may be left out: then its value is a mark (`audit.data.nulls`).
    """

    name: str
    dtype: Any
    flat: bool
    columns: list[str]
    optional: bool = field(default=False, kw_only=True)

    @property
    def reads(self) -> list[str]:
        """Names of the data columns that the feed reads."""
        return self.columns

    @property
    def is_text(self) -> bool:
        """Whether the input takes text."""
        return bool(self.dtype == tensorflow().string)

    def fill(self, missing: Missing, column: str) -> Scalar | Absent | None:
        """Return the replacement of a null of ``column``, None if there is none that this input can take."""
        value = replacement(missing, column)
        return None if isinstance(value, Absent) and not self.optional else value

    def read(self, batch: pa.RecordBatch, first_row: int, missing: Missing) -> list[Values]:
        """Return the columns' values in a batch, checked: float64 ``(rows,)`` each, or codes for a text input."""
        fills = [(name, self.fill(missing, name)) for name in self.columns]
        if self.is_text:
            return [texts(batch.column(name), name, fill) for name, fill in fills]
        values = [numbers(batch.column(name), name, first_row, fill) for name, fill in fills]
        self.require_whole(values, first_row)
        return list(values)

    def tensor(self, values: Sequence[Values]) -> Any:
        """Return the input tensor that the signature takes, in its dtype and rank."""
        tf = tensorflow()
        if self.dtype == tf.string:
            parts = [tf.gather(tf.constant(v.vocabulary), v.codes) for v in values if isinstance(v, Codes)]
            return parts[0] if self.flat else tf.stack(parts, axis=1)
        numeric = [self._marked(v) for v in values if isinstance(v, np.ndarray)]
        dtype = np.float32 if self.dtype == tf.bfloat16 else self.dtype.as_numpy_dtype
        with np.errstate(over="ignore"):  # too large a number is infinite, and reported as such
            if self.flat:
                return tf.cast(numeric[0].astype(dtype), self.dtype)
            matrix = np.empty((len(numeric[0]), len(numeric)), dtype)
            for index, column in enumerate(numeric):
                matrix[:, index] = column
            return tf.cast(matrix, self.dtype)

    def _marked(self, values: np.ndarray) -> np.ndarray:
        """Return the values with the mark of whole numbers where they are left out."""
        if not self.optional or self.dtype.is_floating:
            return values
        return np.where(np.isnan(values), ABSENT_INTEGER, values)

    def cast(self, numbers: Any, dtype: Any) -> Any:
        """Return numbers of a matrix of features in the type ``dtype``, marked where whole ones are left out."""
        tf = tensorflow()
        if not self.optional or tf.as_dtype(dtype).is_floating:
            return tf.cast(numbers, dtype)
        absent = tf.math.is_nan(numbers)
        whole = tf.cast(tf.where(absent, tf.zeros_like(numbers), numbers), dtype)
        return tf.where(absent, tf.constant(ABSENT_INTEGER, dtype), whole)

    def ranked(self, numbers: Any) -> Any:
        """Return numbers ``(rows, columns)`` in the input's rank, in one or two dimensions."""
        return numbers[:, 0] if self.flat else numbers

    def require_whole(self, values: Sequence[np.ndarray], first_row: int) -> None:
        """Raise a RowError if the input takes integers or booleans and a value is none, or may have been rounded."""
        if self.dtype.is_integer or self.dtype.is_bool:
            for name, column in zip(self.columns, values, strict=True):
                self._require_whole(name, column, first_row)

    def _require_whole(self, name: str, column: np.ndarray, first_row: int) -> None:
        is_in_range = self._is_in_range(column)
        allowed = (column == np.rint(column)) & is_in_range & (np.abs(column) < _FIRST_INEXACT)
        allowed |= np.isnan(column) if self.optional else False
        if allowed.all():
            return
        at = int((~allowed).argmax())
        if column[at] == np.rint(column[at]) and is_in_range[at]:
            raise inexact(name, first_row + at)
        raise RowError(
            row=first_row + at,
            where=f"data column {name!r}",
            expected=f"values of the model's input {self.name!r}: {self.dtype.name}",
            found="a number that is not whole" if is_in_range[at] else "a number beyond its range",
            fix="correct the data, or give the input another column under model.inputs",
        )

    def _is_in_range(self, column: np.ndarray) -> np.ndarray:
        low, high = (0, 1) if self.dtype.is_bool else (self.dtype.min, self.dtype.max)
        return np.asarray((low <= column) & (column <= high))


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

    def read(self, batch: pa.RecordBatch, first_row: int, missing: Missing) -> list[Values]:
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
