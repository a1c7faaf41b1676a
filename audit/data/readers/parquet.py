"""Source of Parquet files, streamed in batches: only the requested columns, never a whole row group."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from audit.data.column_types import PEEKED_ROWS, is_ambiguous, resolve_column_type
from audit.data.source import Source, unreadable
from audit.errors import AuditError

_BUFFER = 2**16  # bytes a column: without it the reader takes the whole row group, often the whole file


class ParquetSource(Source):
    """Parquet files with the same schema."""

    def __init__(self, path: str, files: list[Path]) -> None:
        self.path = path
        self.files = files
        stored = self._schema(files[0])
        self.schema = self._resolved_schema(stored)
        for other in files[1:]:
            if self._schema(other) != stored:
                raise AuditError(
                    where=str(other), expected=f"the columns and types of {files[0]}", found="others"
                )

    def read(self, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield batches with the stored types."""
        for file in self.files:
            with pq.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER) as reader:
                yield from reader.iter_batches(batch_size=rows, columns=columns)

    def _schema(self, file: Path) -> pa.Schema:
        try:
            return pq.read_schema(file)
        except (pa.ArrowException, OSError) as error:
            raise unreadable(str(file), error) from error

    def _resolved_schema(self, stored: pa.Schema) -> pa.Schema:
        """Return the schema with ambiguous stored types resolved by the first rows."""
        names = [field.name for field in stored if is_ambiguous(field.type)]
        try:
            first = next(iter(self.read(names, PEEKED_ROWS)), None) if names else None
        except (pa.ArrowException, OSError) as error:
            raise unreadable(self.path, error) from error
        if first is None:
            return stored
        for name in names:
            field = stored.field(name)
            kind = resolve_column_type(field.type, first.column(name))
            stored = stored.set(stored.get_field_index(name), field.with_type(kind))
        return stored
