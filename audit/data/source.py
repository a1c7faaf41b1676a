"""Where rows come from: CSV and Parquet files, directories and globs of them, AIF360's datasets."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from audit.data.columns import null_count
from audit.digest import digest, listing_digest
from audit.errors import AuditError, nearest, some

BATCH_ROWS, BATCH_BYTES = 65536, 16 * 2**20
"""The size of a batch: wide tables are read in fewer rows at a time, so that memory does not grow with columns."""


class Source(ABC):
    """A table that is read in batches, in order, as often as wanted.

    ``schema`` gives every column's type in file order; of a CSV file it is inferred from its first
    block, while `batches` yields text, so that one odd value far down is found and named.
    """

    path: str
    files: list[Path]
    schema: pa.Schema

    def digest(self) -> str:
        """Return the digest of the file, or of the listing of all files below their common directory."""
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
        rows = max(256, min(BATCH_ROWS, BATCH_BYTES // (8 * max(1, len(columns)))))
        try:
            yield from map(_decoded, self.read(list(dict.fromkeys(columns)), rows))
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise unreadable(self.path, error) from error

    def require(self, columns: Sequence[str]) -> None:
        """Raise an AuditError unless every one of ``columns`` is in the table and has one value a row."""
        for column in columns:
            if column not in self.schema.names:
                raise AuditError(
                    where=self.path,
                    expected=f"a column {column!r}{nearest(column, self.schema.names)}",
                    found=f"the columns {some(self.schema.names)}",
                )
            if pa.types.is_nested(self.schema.field(column).type):
                raise AuditError(
                    where=f"{self.path}: column {column!r}",
                    expected="one number, text or flag in every row",
                    found=f"values of type {self.schema.field(column).type}",
                )

    def count_nulls(self, column: str, numeric: bool) -> int:
        """Return how many rows of ``column`` have no value (among numbers also NaN and words such as ``NA``)."""
        return sum(null_count(batch.column(0), numeric) for batch in self.batches([column]))


def unreadable(path: str, error: Exception) -> AuditError:
    """Return the error for a table that cannot be parsed."""
    text = str(error)
    utf8 = "UTF" in text or isinstance(error, UnicodeDecodeError)
    return AuditError(
        where=path,
        expected="UTF-8 text" if utf8 else "a whole CSV or Parquet table",
        found=text.splitlines()[0][:300] if text else type(error).__name__,
        fix="convert the file to UTF-8" if utf8 else "export the table again",
    )


def _decoded(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Turn columns of bytes into text: some writers of Parquet leave out that it is."""
    for index, field in enumerate(batch.schema):
        if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
            batch = batch.set_column(index, field.name, batch.column(index).cast(pa.string()))
    return batch
