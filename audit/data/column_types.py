"""Resolution of stored column types: bytes as UTF-8 text or images, lists of equal length as tensors."""

from math import prod

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from audit.errors import RowError

PEEKED_ROWS = 64
"""First rows, by which the types of columns are resolved."""

_IMAGE_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM")
"""First bytes of PNG, JPEG, GIF and BMP files."""

_ASSUMED_IMAGE_BYTES = 2**16


def is_tensor(kind: pa.DataType) -> bool:
    """Return whether every row of a column of this type holds an array of numbers of one shape."""
    return isinstance(kind, pa.FixedShapeTensorType)


def is_bytes(kind: pa.DataType) -> bool:
    """Return whether every row of a column of this type holds bytes."""
    return bool(
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    )


def is_number(kind: pa.DataType) -> bool:
    """Return whether every row of a column of this type holds one number or flag."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def is_single(kind: pa.DataType) -> bool:
    """Return whether every row of a column of this type holds one number, text or flag."""
    return not (is_tensor(kind) or is_bytes(kind) or pa.types.is_nested(kind))


def row_bytes(kind: pa.DataType) -> int:
    """Return the approximate size in bytes of one row's value in memory."""
    if is_tensor(kind):
        return 8 * max(1, int(prod(kind.shape)))
    return _ASSUMED_IMAGE_BYTES if is_bytes(kind) else 8


def is_ambiguous(kind: pa.DataType) -> bool:
    """Return whether a column of this stored type may be read as another, see `resolve_column_type`."""
    return is_bytes(kind) or _is_list(kind)


def resolve_column_type(kind: pa.DataType, first: pa.Array) -> pa.DataType:
    """Return the type as which a column of stored type ``kind`` is read, by its ``first`` values.

    Bytes are text (some writers do not mark it as such) unless the first ones begin as image files do, and lists
    of numbers are tensors of the first one's shape. Other types are returned as they are.
    """
    if is_bytes(kind):
        value = next((data for data in first.cast(pa.binary()).to_pylist() if data), b"")
        return pa.binary() if value.startswith(_IMAGE_SIGNATURES) and not _is_text(value) else pa.string()
    shape, number = _nested_type(first)
    if not shape or not is_number(number):
        return kind
    return pa.fixed_shape_tensor(pa.uint8() if pa.types.is_boolean(number) else number, shape)


def as_resolved(column: pa.Array, kind: pa.DataType, name: str, first_row: int) -> pa.Array:
    """Return a stored ``column`` in the type ``kind`` from `resolve_column_type`.

    Raises:
        RowError: a list has another length than the first one, or bytes are no text.
    """
    if is_bytes(column.type):
        return (
            _as_text(column.cast(pa.binary()), name, first_row) if kind == pa.string() else column.cast(kind)
        )
    if is_tensor(kind) and _is_list(column.type):
        return _as_tensor(column, kind, name, first_row)
    return column


def tensor_array(values: np.ndarray) -> pa.Array:
    """Return an array ``(rows, *shape)`` of numbers as a column of tensors; flags become 0 and 1."""
    plain = np.ascontiguousarray(values.astype(np.uint8) if values.dtype == bool else values)
    flat = pa.array(plain.reshape(-1))
    return _tensors(flat, pa.fixed_shape_tensor(flat.type, plain.shape[1:]))


def scatter(column: pa.Array, present: np.ndarray) -> pa.Array:
    """Return a column with the values of ``column`` in rows that are ``present`` (bool), and nulls in the others."""
    if present.all():
        return column
    indices = pa.array(np.cumsum(present) - 1, mask=~present)
    if not is_tensor(column.type):
        return column.take(indices)
    return pa.ExtensionArray.from_storage(column.type, column.storage.take(indices))


def _tensors(flat: pa.Array, kind: pa.DataType) -> pa.Array:
    return pa.ExtensionArray.from_storage(kind, pa.FixedSizeListArray.from_arrays(flat, prod(kind.shape)))


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _as_text(column: pa.Array, name: str, first_row: int) -> pa.Array:
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        row = next(i for i, value in enumerate(column.to_pylist()) if value and not _is_text(value))
        raise RowError(
            row=first_row + row,
            where=f"data column {name!r}",
            expected="UTF-8 text",
            found="bytes that are no text",
        ) from None


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _nested_type(column: pa.Array) -> tuple[list[int], pa.DataType]:
    """Return the lengths of the first list that is no null, from the outside in, and the type of its values."""
    shape: list[int] = []
    while _is_list(column.type):
        lists = column.drop_null()
        if not len(lists) or not len(lists[0].values):
            return [], column.type
        column = lists[0].values
        shape.append(len(column))
    return shape, column.type


def _as_tensor(column: pa.Array, kind: pa.DataType, name: str, first_row: int) -> pa.Array:
    present = column.is_valid().to_numpy(zero_copy_only=False)
    flat = column.drop_null()
    lists_per_row = 1
    for size in kind.shape:
        lengths = pc.list_value_length(flat).fill_null(-1).to_numpy(zero_copy_only=False)
        if (lengths != size).any():
            index = int((lengths != size).argmax())
            row = int(np.flatnonzero(present)[index // lists_per_row])
            raise _uneven(name, first_row + row, int(lengths[index]), size)
        flat = flat.flatten()
        lists_per_row *= size
    return scatter(_tensors(flat.cast(kind.value_type), kind), present)


def _uneven(name: str, row: int, length: int, expected: int) -> RowError:
    return RowError(
        row=row,
        where=f"data column {name!r}",
        expected=f"lists of equal length in every row: {expected:,} values, as in the first one",
        found="a null" if length < 0 else f"{length:,} values",
        fix="convert the arrays to one shape, the one that the model's input takes",
    )
