"""Sources of rows: tables that are read in batches from files or from AIF360's datasets."""

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from audit.data.arrow_columns import null_count
from audit.data.column_names import is_header, listed_columns
from audit.data.column_types import as_resolved, is_bytes, is_single, is_tensor, row_bytes
from audit.errors import AuditError, RowError, did_you_mean
from audit.machine_errors import machine_error
from audit.policy.csv_spec import CsvSpec
from audit.provenance.digest import digest, listing_digest

_DAMAGED: tuple[type[Exception], ...] = (pa.ArrowException, OSError, UnicodeDecodeError)
_MORE_THAN_A_BATCH = re.compile(
    r"size \d{12,}"
)  # a hundred gigabytes at once: a damaged length, no lack of memory
_MAY_BE_VALUES = re.compile(r"'.*'|\".*\"|[-+]?\d[\d.,]*")
_MIN_BATCH_ROWS = 256
_MIN_BATCH_ROWS_LARGE = 32  # with tensors or bytes


@dataclass(frozen=True)
class BatchSize:
    """Upper limits of a batch in rows and bytes: wide tables get fewer rows, so that memory is bounded.

    It has at least 256 rows, or 32 if rows hold tensors or bytes, whatever the limits.
    """

    rows: int = 65536
    bytes: int = 16 * 2**20


class Source(ABC):
    """A table that can be read in batches, in order and repeatedly.

    ``schema`` gives every column's type in file order; of a CSV file it is inferred from its first
    block, while `batches` yields text, so that one odd value far down is found and named. Only inputs of a model
    take columns of tensors and of bytes (encoded images). ``batch_size`` limits `batches`. ``notes`` say what a
    reader must know of how the files were read, such as a delimiter that was detected, and ``csv`` says the same as a
    policy does.
    """

    path: str
    files: list[Path]
    schema: pa.Schema
    batch_size = BatchSize()
    notes: Sequence[str] = ()
    csv = CsvSpec()
    is_text = False
    """Whether columns are read as text: then ``schema`` only says what they look like."""

    def digest(self) -> str:
        """Return the digest of the source's file, or of the listing of all its files below their common directory."""
        if len(self.files) == 1:
            return digest(self.files[0])
        top = os.path.commonpath([file.parent for file in self.files])
        return listing_digest((file.relative_to(top).as_posix(), file) for file in self.files)

    @abstractmethod
    def read(self, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the named columns in batches of about ``rows`` rows."""

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the named columns in batches of bounded memory.

        Raises:
            AuditError: a column is missing, or the file is damaged.
        """
        self.require(columns)
        first_row = 1
        with reading(self.path), self.locating():
            for batch in self.read(list(dict.fromkeys(columns)), self._batch_rows(columns)):
                yield self._resolved(batch, first_row)
                first_row += batch.num_rows

    def place(self, row: int) -> str:
        """Return in words where a row is, by its number from 1 among all rows that were read."""
        return f"{self.path}: row {row:,}"

    @contextmanager
    def locating(self) -> Iterator[None]:
        """Name the file, and the row's number in it, in errors about a row of this table."""
        try:
            yield
        except RowError as error:
            raise error.located(self.place(error.row)) from None

    def require(self, columns: Sequence[str]) -> None:
        """Raise an AuditError unless every one of ``columns`` is in the table, with values that a model may read."""
        self.require_present(columns)
        for column in columns:
            if pa.types.is_nested(self.schema.field(column).type):
                raise self._not_single(column)

    def require_present(self, columns: Sequence[str]) -> None:
        """Raise an AuditError unless every one of ``columns`` is in the table."""
        names = set(self.schema.names)
        for column in columns:
            if column not in names:
                raise self._missing(column)

    def _missing(self, column: str) -> AuditError:
        names = self.schema.names
        has_header = not self.is_text or is_header(names)
        return AuditError(
            where=self.path,
            expected=f"a column {column!r}{did_you_mean(column, names) if has_header else ''}",
            found=listed_columns(names, self.is_text),
            fix="" if has_header else "put a line with the names of the columns before the first row",
        )

    def require_single(self, columns: Sequence[str]) -> None:
        """Raise an AuditError unless every one of ``columns`` has one number, text or flag in each row."""
        self.require(columns)
        for column in columns:
            if not is_single(self.schema.field(column).type):
                raise self._not_single(column)

    def _not_single(self, column: str) -> AuditError:
        kind = self.schema.field(column).type
        return AuditError(
            where=f"{self.path}: column {column!r}",
            expected="UTF-8 text" if is_bytes(kind) else "one number, text or flag in every row",
            found="bytes that are not UTF-8 text" if is_bytes(kind) else f"values of type {kind}",
        )

    def _batch_rows(self, columns: Sequence[str]) -> int:
        kinds = [self.schema.field(column).type for column in columns]
        large = any(is_tensor(kind) or is_bytes(kind) for kind in kinds)
        fitting = self.batch_size.bytes // max(8, sum(row_bytes(kind) for kind in kinds))
        return max(_MIN_BATCH_ROWS_LARGE if large else _MIN_BATCH_ROWS, min(self.batch_size.rows, fitting))

    def _resolved(self, batch: pa.RecordBatch, first_row: int) -> pa.RecordBatch:
        for index, field in enumerate(batch.schema):
            column = batch.column(index)
            resolved = as_resolved(column, self.schema.field(field.name).type, field.name, first_row)
            batch = batch if resolved is column else batch.set_column(index, field.name, resolved)
        return batch

    def count_nulls(self, column: str, numeric: bool) -> int:
        """Return the number of rows without a value (among numbers also NaN and words such as ``NA``)."""
        return sum(null_count(batch.column(0), numeric) for batch in self.batches([column]))


@contextmanager
def reading(path: object, damaged: tuple[type[Exception], ...] = _DAMAGED) -> Iterator[None]:
    """Raise an AuditError for each of the errors that say that the table at ``path`` is ``damaged``."""
    try:
        yield
    except damaged as error:
        text = str(error)
        of_machine = machine_error(error) if MemoryError not in damaged else None  # Arrow's are both at once
        if of_machine and not _MORE_THAN_A_BATCH.search(text):
            raise of_machine.within(str(path)) from error
        utf8 = "UTF" in text or isinstance(error, UnicodeDecodeError)
        raise AuditError(
            where=str(path),
            expected="UTF-8 text" if utf8 else "a whole table",
            found=_without_values(error),
            fix="convert the file to UTF-8" if utf8 else "export the table again",
        ) from error


def _without_values(error: Exception) -> str:
    """Return the first line of a library's message without what may be from a row: quotations and numbers."""
    first = next(iter(str(error).splitlines()), "")[:300]
    if isinstance(error, EOFError):  # our own
        return first
    return _MAY_BE_VALUES.sub("…", first) or type(error).__name__
