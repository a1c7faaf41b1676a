"""Conversion of Arrow columns to NumPy: numbers, texts as codes, tensors; errors name column and row."""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from audit.data.column_types import is_bytes, is_number, is_tensor
from audit.data.nulls import ABSENT_TEXT
from audit.errors import AuditError, RowError, Setting
from audit.policy.model import Absent
from audit.result import Scalar

NULL_WORDS = pa.array(["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"])


_LAST_EXACT = 2**53  # of whole numbers that Arrow converts to 64-bit floats
_FIX = "correct the data, or give the model's input another column under model.inputs"
_DECIMAL_COMMA = Setting("data.csv", '{decimal: ","}')


class NullValue(Exception):
    """Error: a null in a column that must have none. Whoever catches it counts them all for the message.

    ``numeric`` is whether the column was read as numbers: then words such as ``NA`` are nulls as well.
    """

    def __init__(self, column: str, numeric: bool) -> None:
        super().__init__(column)
        self.column = column
        self.numeric = numeric


@dataclass(frozen=True)
class Codes:
    """Texts of a column as indices ``codes`` (int32, one a row) into their distinct values, ``vocabulary``."""

    codes: np.ndarray
    vocabulary: list[str]


def numbers(column: pa.Array, name: str, first_row: int, fill: Scalar | Absent | None = None) -> np.ndarray:
    """Return an Arrow column as float64 ``(rows,)``, nulls and NaN replaced by ``fill``; absent ones are NaN.

    Args:
        column: numbers, booleans, or texts to be parsed as numbers (CSV).
        name: the column's name, for messages.
        first_row: the row number in the data of the array's first row, from 1.
        fill: the replacement of nulls.

    Raises:
        NullValue: there is a null and no ``fill``.
        RowError: a text is no number, or an integer is too large for a 64-bit float.
        AuditError: the column holds no single numbers.
    """
    values: np.ndarray = _as_float(column, name, first_row).to_numpy(zero_copy_only=False)
    missing = np.isnan(values)
    return np.where(missing, _fill_value(fill, name), values) if missing.any() else values


def texts(column: pa.Array, name: str, fill: Scalar | Absent | None = None) -> Codes:
    """Return an Arrow column as codes into its distinct texts, nulls replaced by ``fill``.

    Raises:
        NullValue: there is a null and no ``fill``.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()  # a stored vocabulary may hold nulls and values that no row has
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    plain = pc.dictionary_encode(_as_text(column, name))
    vocabulary = [str(value) for value in _as_text(plain.dictionary, name).to_pylist()]
    indices = plain.indices
    if indices.null_count:
        if fill is None:
            raise NullValue(name, numeric=False)
        indices = indices.fill_null(len(vocabulary))
        vocabulary.append(ABSENT_TEXT if isinstance(fill, Absent) else str(fill))
    return Codes(indices.to_numpy(zero_copy_only=False).astype(np.int32), vocabulary)


def tensors(column: pa.Array, name: str, fill: Scalar | None = None) -> np.ndarray:
    """Return an Arrow column of tensors as ``(rows, *shape)`` in its own dtype, nulls and NaN replaced by ``fill``.

    The array is a view of Arrow's memory if nothing is replaced.

    Raises:
        NullValue: there is a null and no ``fill``.
        AuditError: the column holds no tensors, or ``fill`` is no number.
    """
    if not is_tensor(column.type):
        raise _not_a_number(name, f"values of type {column.type}, one per row", "arrays of numbers")
    if null_count(column, numeric=True):
        return _filled(column, _fill_value(fill, name)).reshape(len(column), *column.type.shape)
    values: np.ndarray = column.storage.flatten().to_numpy()
    return values.reshape(len(column), *column.type.shape)


def nulls(column: pa.Array, numeric: bool) -> np.ndarray:
    """Return which rows of a column are null or NaN, bool ``(rows,)``; with ``numeric`` also words such as ``NA``."""
    if is_tensor(column.type):
        return _incomplete(column)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if numeric and _is_text(column.type):
        column = _without_words(column)
    is_null = pc.is_null(column, nan_is_null=pa.types.is_floating(column.type))
    return np.asarray(is_null.to_numpy(zero_copy_only=False))


def null_count(column: pa.Array, numeric: bool) -> int:
    """Return the number of `nulls` of a column."""
    return int(nulls(column, numeric).sum())


def _fill_value(fill: Scalar | Absent | None, name: str) -> float:
    if fill is None:
        raise NullValue(name, numeric=True)
    if isinstance(fill, Absent):
        return float("nan")
    if isinstance(fill, str):
        raise _not_a_number(name, f"data.missing gives {fill!r}")
    return float(fill)


def _as_float(column: pa.Array, name: str, first_row: int) -> pa.Array:
    kind = column.type
    if pa.types.is_integer(kind):
        return _integers_as_float(column, name, first_row)
    if is_number(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind):
        return column.cast(pa.float64())
    if pa.types.is_dictionary(kind):
        return _as_float(column.dictionary_decode(), name, first_row)
    if not (_is_text(kind) or is_bytes(kind)):
        raise _not_a_number(name, f"values of type {kind}")
    trimmed = _without_words(_as_text(column, name))
    for parsed in (pa.float64(), pa.bool_()):  # a CSV writes flags as words
        with suppress(pa.ArrowInvalid):
            return trimmed.cast(parsed).cast(pa.float64())
    row = next(i for i, v in enumerate(trimmed.to_pylist()) if v is not None and not _parses(v))
    has_comma = _has_decimal_comma(trimmed[row].as_py())
    raise RowError(
        row=first_row + row,
        where=f"data column {name!r}",
        expected="numbers",
        found="a comma, which may be a decimal mark or separate thousands"
        if has_comma
        else "text that is no number",
        fix=f"if it is a decimal mark, set {_DECIMAL_COMMA}; else write the numbers without it"
        if has_comma
        else _FIX,
        settings=[_DECIMAL_COMMA] if has_comma else (),
    )


def _integers_as_float(column: pa.Array, name: str, first_row: int) -> pa.Array:
    try:
        return column.cast(pa.float64())
    except pa.ArrowInvalid:  # which names no row
        values = column.fill_null(0).to_numpy(zero_copy_only=False)
        is_exact = (values >= -_LAST_EXACT) & (values <= _LAST_EXACT)
        raise inexact(name, first_row + int(is_exact.argmin())) from None


def inexact(name: str, row: int) -> RowError:
    """Return the error for a whole number of the column ``name`` that a 64-bit float may have rounded."""
    return RowError(
        row=row,
        where=f"data column {name!r}",
        expected="whole numbers between -2^53 and 2^53, which a 64-bit float holds exactly",
        found="one at or beyond 2^53 in size",
        fix="number such ids anew, or export the model with a text input and store them as text",
    )


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _without_words(column: pa.Array) -> pa.Array:
    """Return a column of trimmed texts, with nulls for words such as ``NA``."""
    trimmed = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.is_in(trimmed, value_set=NULL_WORDS.cast(column.type)), None, trimmed)


def _as_text(column: pa.Array, name: str) -> pa.Array:
    if pa.types.is_string(column.type):
        return column
    if is_tensor(column.type):
        raise _not_a_number(name, f"values of type {column.type}", "one text in every row")
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        raise _not_a_number(name, "bytes that are not UTF-8 text", "UTF-8 text") from None


def _incomplete(column: pa.Array) -> np.ndarray:
    """Return which rows of a column of tensors are null or contain a null or NaN."""
    null: np.ndarray = column.is_null().to_numpy(zero_copy_only=False)
    values = column.storage.flatten()
    if values.null_count or pa.types.is_floating(values.type):
        missing = np.isnan(values.to_numpy(zero_copy_only=False))
        null[~null] = missing.reshape(-1, column.storage.type.list_size).any(1)
    return null


def _filled(column: pa.Array, fill: float) -> np.ndarray:
    size = column.storage.type.list_size
    values = column.storage.flatten().to_numpy(zero_copy_only=False).reshape(-1, size)
    rows = np.full((len(column), size), fill, column.type.value_type.to_pandas_dtype())
    rows[column.is_valid().to_numpy(zero_copy_only=False)] = np.where(np.isnan(values), fill, values)
    return rows


def _has_decimal_comma(text: str) -> bool:
    return text.count(",") == 1 and _parses(text.replace(",", "."))


def _parses(text: str) -> bool:
    try:
        pa.array([text]).cast(pa.float64())
    except pa.ArrowInvalid:
        return False
    return True


def _not_a_number(name: str, actual: str, expected: str = "numbers") -> AuditError:
    return AuditError(
        where=f"data column {name!r}",
        expected=expected,
        found=actual,
        fix=_FIX,
    )
