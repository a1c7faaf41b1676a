"""Distinct values of a column, collected over batches, and how they match values of the policy."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from audit.result import Scalar

NULL = -1
"""The code of a null."""


class Coder:
    """Maps a column's values to codes, batch by batch; 4 bytes a row are kept."""

    def __init__(self) -> None:
        self._codes: dict[object, int] = {}
        self._parts: list[np.ndarray] = []

    def add(self, column: pa.Array) -> None:
        """Append a batch; NaN counts as null."""
        if pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_nan(column), None, column)
        encoded = column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column)
        values, known = encoded.dictionary.to_pylist(), self._codes
        indices = encoded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
        lookup = np.full(len(values) + 1, NULL, np.int32)
        used = np.bincount(indices, minlength=len(lookup))[:-1]
        for index in np.flatnonzero(used):  # a stored category may have no row
            if values[index] is not None:
                lookup[index] = known.setdefault(_plain(values[index]), len(known))
        self._parts.append(lookup[indices])

    @property
    def values(self) -> list[object]:
        """The distinct values in the order of their codes."""
        return list(self._codes)

    def codes(self) -> np.ndarray:
        """Return the codes of all rows, int32, `NULL` for a null."""
        return np.concatenate(self._parts) if self._parts else np.empty(0, np.int32)


def typed(values: list[object]) -> list[Scalar]:
    """Return values as scalars: texts that are all numbers (as in CSV) become numbers."""
    numbers = [_number(value) for value in values]
    if values and all(number is not None for number in numbers):
        return [number for number in numbers if number is not None]
    return [value if isinstance(value, bool | int | float | str) else str(value) for value in values]


def same(wanted: Scalar, found: object) -> bool:
    """Tell whether a policy's value means a data value: equal, equal as text, or equal as a number."""
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted == found or str(wanted).lower() == str(found).lower()
    if wanted == found or str(wanted) == str(found):
        return True
    left, right = _number(wanted), _number(found)
    return left is not None and left == right


def rank(value: Scalar) -> tuple[bool, float, str]:
    """Return a key that sorts numbers by size and before texts."""
    return (True, 0.0, value) if isinstance(value, str) else (False, float(value), "")


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _number(value: object) -> int | float | None:
    if isinstance(value, bool | int):
        return value
    try:
        if isinstance(value, str) and value.strip().lstrip("+-").isdecimal():
            return int(value)
        number = float(value)  # type: ignore[arg-type]  # anything else raises TypeError
    except (TypeError, ValueError):
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number
