"""Source of NumPy's ``.npz`` files: every array is a column, its first axis the rows; read in slices."""

import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from tokenize import TokenError
from typing import IO
from zipfile import BadZipFile, ZipFile

import numpy as np
import pyarrow as pa

from audit.data.column_types import PEEKED_ROWS, resolve_column_type, tensor_array
from audit.data.readers.table_files import TableFiles
from audit.data.source import reading
from audit.errors import AuditError, quote_list

_BROKEN = (
    *(BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError, SyntaxError),
    *(TokenError, NotImplementedError, MemoryError),  # an unknown compression; a header that claims too much
)
_CHUNK_BYTES = 2**20


class NpzSource(TableFiles):
    """Source of NumPy's ``.npz`` files, whose arrays are the columns."""

    def file_schema(self, file: Path) -> pa.Schema:
        """Return the arrays of one file as columns."""
        with reading(file, _BROKEN), ZipFile(file) as archive, ExitStack() as opened:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            arrays = {name: _Array(archive, opened, name) for name in names}
            _require_columns(file, arrays)
            return pa.schema([(name, array.kind()) for name, array in arrays.items()])

    def read_file(self, file: Path, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the named arrays in batches; one is in memory a batch at a time, unless stored column by column."""
        with reading(file, _BROKEN), ZipFile(file) as archive, ExitStack() as opened:
            arrays = [_Array(archive, opened, column) for column in columns]
            for start in range(0, arrays[0].shape[0], rows):
                yield pa.RecordBatch.from_arrays([a.rows(start, rows) for a in arrays], columns)


class _Array:
    """One array of an archive, read sequentially; ``shape`` begins with the rows."""

    def __init__(self, archive: ZipFile, opened: ExitStack, name: str) -> None:
        self._stream = opened.enter_context(archive.open(f"{name}.npy"))
        is_version_1 = np.lib.format.read_magic(self._stream) == (1, 0)
        parse = np.lib.format.read_array_header_1_0 if is_version_1 else np.lib.format.read_array_header_2_0
        self.shape, self._columnwise, self.dtype = parse(self._stream)

    @property
    def row_shape(self) -> tuple[int, ...]:
        """The shape of one row's values; ``(rows, 1)`` is one number a row, as labels are often kept."""
        return () if self.shape[1:] == (1,) else self.shape[1:]

    def kind(self) -> pa.DataType:
        """Return the type of the column."""
        if self.dtype.kind == "S":
            return resolve_column_type(pa.binary(), self.rows(0, PEEKED_ROWS))
        return _column(np.zeros((1, *self.row_shape), self.dtype)).type

    def rows(self, start: int, rows: int) -> pa.Array:
        """Return the next ``rows`` rows, which begin at ``start``."""
        if self._columnwise and len(self.shape) > 1:  # a row's values are not adjacent
            values = self._all_rows[start : start + rows]
        else:
            shape = (min(rows, self.shape[0] - start), *self.shape[1:])
            values = _read_array(self._stream, self.dtype, shape)
        return _column(values.reshape(len(values), *self.row_shape))

    @cached_property
    def _all_rows(self) -> np.ndarray:
        return _read_array(self._stream, self.dtype, self.shape[::-1]).T

    @property
    def is_column(self) -> bool:
        """Whether it holds numbers or flags with the rows as first axis, or one text a row."""
        if not self.shape or 0 in self.shape[1:]:
            return False
        if self.dtype.kind in "US":
            return not self.row_shape and self.dtype.itemsize > 0
        return self.dtype.kind in "biu" or (self.dtype.kind == "f" and self.dtype.itemsize <= 8)


def _read_array(stream: IO[bytes], dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    array = np.empty(shape, dtype)
    target = array.reshape(-1).view(np.uint8).data
    done = 0
    while done < len(target):  # a compressed stream may return fewer bytes than requested
        part = stream.read(min(_CHUNK_BYTES, len(target) - done))
        if not part:
            raise EOFError(f"an array ends after {done:,} of {len(target):,} bytes")
        target[done : done + len(part)] = part
        done += len(part)
    return array


def _column(values: np.ndarray) -> pa.Array:
    native = values.astype(values.dtype.newbyteorder("="), copy=False)
    if native.dtype.kind in "US":
        return pa.array(native.tolist(), pa.string() if native.dtype.kind == "U" else pa.binary())
    return pa.array(native) if native.ndim == 1 else tensor_array(native)


def _require_columns(file: Path, arrays: dict[str, _Array]) -> None:
    for name, array in arrays.items():
        if not array.is_column:
            contents = "Python objects" if array.dtype.hasobject else f"values of type {array.dtype}"
            raise AuditError(
                where=f"{file}: array {name!r}",
                expected="numbers or flags with the rows as first axis, or one text a row",
                found=f"{contents} of shape {array.shape}",
                fix="save plain arrays with numpy.savez; Python objects are never unpickled",
            )
    rows = {name: array.shape[0] for name, array in arrays.items()}
    if len(set(rows.values())) != 1:
        raise AuditError(
            where=str(file),
            expected="arrays of equally many rows, each a column",
            found=quote_list(f"{name}: {count:,}" for name, count in rows.items()),
            fix="save the audited rows only, such as x=x_test, y=y_test",
        )
