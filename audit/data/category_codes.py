"""Category codes of a column over batches, and the match of data values with values of the policy."""

import math
from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from audit.errors import AuditError, quote_list
from audit.result import Scalar

NULL_CODE = -1
"""The code of a null."""


_Value = TypeVar("_Value")


class Categories(NamedTuple, Generic[_Value]):
    """The distinct values of a column, and the index of each row's value (int32), `NULL_CODE` for a null."""

    values: list[_Value]
    codes: np.ndarray


class Coder:
    """Maps a column's values to codes (int32), batch by batch; 4 bytes a row are kept."""

    def __init__(self) -> None:
        self._codes: dict[object, int] = {}
        self._parts: list[np.ndarray] = []

    def add(self, column: pa.Array) -> None:
        """Append the next batch of the column; NaN counts as null."""
        if pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_nan(column), None, column)
        encoded = column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column)
        values = encoded.dictionary.to_pylist()
        indices = encoded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
        lookup = np.full(len(values) + 1, NULL_CODE, np.int32)
        used = np.bincount(indices, minlength=len(lookup))[:-1]
        for index in np.flatnonzero(used):  # a stored category may have no row
            if values[index] is not None:
                lookup[index] = self._codes.setdefault(_plain(values[index]), len(self._codes))
        self._parts.append(lookup[indices])

    @property
    def values(self) -> list[object]:
        """The distinct values in the order of their codes."""
        return list(self._codes)

    def codes(self) -> np.ndarray:
        """Return the codes of all rows, int32, `NULL_CODE` for a null."""
        return np.concatenate(self._parts) if self._parts else np.empty(0, np.int32)

    def sort(self) -> Categories[object]:
        """Return the column's values in the order of `sort_key`, and the codes of all rows in that order."""
        values = self.values
        keys = [sort_key(value) for value in to_scalars(values)]
        order = sorted(range(len(values)), key=keys.__getitem__)
        rank_of = np.full(len(values) + 1, NULL_CODE, np.int32)  # the last entry serves the code of a null
        rank_of[order] = np.arange(len(values))
        return Categories([values[code] for code in order], rank_of[self.codes()])


def to_scalars(values: Sequence[object]) -> list[Scalar]:
    """Return data values as plain scalars: texts that are all numbers (as in CSV) become numbers."""
    numbers = [_number(value) for value in values]
    if values and all(number is not None for number in numbers):
        return [number for number in numbers if number is not None]
    return [value if isinstance(value, bool | int | float | str) else str(value) for value in values]


def matches_policy_value(policy_value: Scalar, value: object) -> bool:
    """Return whether a value of the policy means a data value: equal, equal as text, or equal as a number."""
    if isinstance(policy_value, bool) or isinstance(value, bool):
        return policy_value == value or str(policy_value).lower() == str(value).lower()
    if policy_value == value or str(policy_value) == str(value):
        return True
    number = _number(policy_value)
    return number is not None and number == _number(value)


def index_of(policy_value: Scalar, values: Sequence[object], where: str, expected: str) -> int:
    """Return the index in ``values`` of the data value that equals a value of the policy (see `matches_policy_value`).

    Raises:
        AuditError: none of them does; ``where`` and ``expected`` begin its message.
    """
    for index, value in enumerate(values):
        if matches_policy_value(policy_value, value):
            return index
    raise AuditError(
        where=where,
        expected=f"{expected}: {quote_list(values)}",
        found=f"{policy_value!r}, which no row has",
    )


def sort_key(value: Scalar) -> tuple[bool, float, str]:
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
