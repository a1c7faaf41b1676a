"""Category codes of a column over batches, and the match of data values with values of the policy."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from audit.data.arrow_columns import NULL_WORDS
from audit.data.python_values import python_values
from audit.errors import AuditError, quote_list
from audit.result import Scalar
from audit.values import MERGING, Spelling, read_as, reading_setting, shown, sort_key

NULL_CODE = -1
"""The code of a null."""

_NULL_WORDS = frozenset(NULL_WORDS.to_pylist())


class Categories(NamedTuple):
    """The distinct values of a column by their identifying texts, and the index of each row's (int32).

    The code of a null is `NULL_CODE`.
    """

    values: list[str]
    codes: np.ndarray

    @property
    def rows(self) -> dict[str, int]:
        """Number of rows of each value."""
        counts = np.bincount(self.codes[self.codes != NULL_CODE], minlength=len(self.values)).tolist()
        return dict(zip(self.values, counts, strict=True))


class Coder:
    """Maps a column's values to codes, batch by batch; of few values, one byte a row is kept.

    Two values have one code if they are the same under ``spelling``, the column's entry in ``data.values``.
    """

    def __init__(self, column: str, spelling: Spelling | None = None) -> None:
        self._column = column
        self._spelling = spelling
        self._identity = read_as(spelling)
        self._codes: dict[str, int] = {}
        self._no_numbers: set[str] = set()
        self._parts: list[np.ndarray] = []

    def add(self, column: pa.Array) -> None:
        """Append the next batch of the column; NaN counts as null."""
        encoded = _dictionary_encoded(column)
        values = python_values(encoded.dictionary, self._column)
        indices = encoded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
        lookup = np.full(len(values) + 1, NULL_CODE)
        used = np.bincount(indices, minlength=len(lookup))[:-1]
        for index in np.flatnonzero(used):  # a stored category may have no row
            lookup[index] = self._code(values[index])
        self._parts.append(lookup.astype(np.min_scalar_type(-1 - len(self._codes)))[indices])

    @property
    def values(self) -> list[str]:
        """The identifying texts of the distinct values, in the order of their codes."""
        return list(self._codes)

    def codes(self) -> np.ndarray:
        """Return the codes of all rows, int32, `NULL_CODE` for a null.

        Raises:
            AuditError: ``data.values`` reads the column as numbers, and some values are none.
        """
        if self._no_numbers:
            raise AuditError(
                where=f"data.values: {self._column}: number",
                expected="a number in every row",
                found=quote_list(sorted(self._no_numbers)),
                fix="correct the data, or choose another setting: stripped, folded or text",
            )
        return np.concatenate(self._parts, dtype=np.int32) if self._parts else np.empty(0, np.int32)

    def sort(self) -> Categories:
        """Return the column's values in the order of `sort_key`, and the codes of all rows in that order."""
        values = self.values
        keys = list(map(sort_key, values))
        order = sorted(range(len(values)), key=keys.__getitem__)
        rank_of = np.full(len(values) + 1, NULL_CODE, np.int32)  # the last entry serves the code of a null
        rank_of[order] = np.arange(len(values))
        return Categories([values[code] for code in order], rank_of[self.codes()])

    def _code(self, value: object) -> int:
        if value is None or (self._spelling == "number" and str(value).strip() in _NULL_WORDS):
            return NULL_CODE
        try:
            return self._codes.setdefault(self._identity(value), len(self._codes))
        except ValueError:
            self._no_numbers.add(str(value))
            return NULL_CODE


def _dictionary_encoded(column: pa.Array) -> pa.DictionaryArray:
    if pa.types.is_dictionary(column.type):
        return column
    if pa.types.is_float16(column.type):  # Arrow before 26 encodes no halves, but the integers of their bits
        bits = pc.dictionary_encode(column.view(pa.uint16()))
        return pa.DictionaryArray.from_arrays(bits.indices, bits.dictionary.view(column.type))
    return pc.dictionary_encode(column)


class PolicyValues:
    """The values of a column as a policy names them, read under the column's entry in ``data.values``."""

    def __init__(self, values: Sequence[str], column: str, spelling: Spelling | None = None) -> None:
        self._values = list(values)
        self._column = column
        self._spelling = spelling

    def index_of(self, policy_value: Scalar, where: str, expected: str) -> int:
        """Return the index of the value that ``policy_value`` is.

        Raises:
            AuditError: no row has it; ``where`` and ``expected`` begin its message.
        """
        try:
            return self._values.index(read_as(self._spelling)(policy_value))
        except ValueError:
            reading = self._nearest_reading(policy_value)
            raise AuditError(
                where=where,
                expected=f"{expected}: {quote_list(shown(value, self._spelling) for value in self._values)}",
                found=f"{policy_value!r}, which no row has",
                fix=f"write it as in the data, or set data.values: {{{self._column}: {reading}}}"
                if reading
                else "",
                settings=[reading_setting(self._column, reading)] if reading else (),
            ) from None

    def _nearest_reading(self, policy_value: Scalar) -> Spelling | None:
        """Return the first reading under which a row has the value."""
        return next((one for one in MERGING if _is_among(policy_value, self._values, one)), None)


def _is_among(value: Scalar, values: Sequence[str], spelling: Spelling) -> bool:
    canonical_of = read_as(spelling)
    try:
        return canonical_of(value) in set(map(canonical_of, values))
    except ValueError:  # one of them is no number
        return False
