"""Source of Parquet files, streamed in batches: only the requested columns, never a whole row group."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from audit.data.column_types import PEEKED_ROWS, is_ambiguous, resolve_column_type
from audit.data.source import Source, common_schema, reading

_BUFFER = 2**16  # bytes a column: without it the reader takes the whole row group, often the whole file


class ParquetSource(Source):
    """Source of Parquet files with the same schema."""

    def __init__(self, path: str, files: list[Path]) -> None:
        self.path = path
        self.files = files
        self.schema = self._resolved_schema(common_schema(files, _stored_schema, "columns and types"))

    def read(self, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the named columns in batches, with the stored types."""
        for file in self.files:
            with pq.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER) as reader:
                yield from reader.iter_batches(batch_size=rows, columns=columns)

    def _resolved_schema(self, stored: pa.Schema) -> pa.Schema:
        """Return the schema with ambiguous stored types resolved by the first rows."""
        names = [field.name for field in stored if is_ambiguous(field.type)]
        with reading(self.path):
            first = next(iter(self.read(names, PEEKED_ROWS)), None) if names else None
        if first is None:
            return stored
        for name in names:
            field = stored.field(name)
            kind = resolve_column_type(field.type, first.column(name))
            stored = stored.set(stored.get_field_index(name), field.with_type(kind))
        return stored


def _stored_schema(file: Path) -> pa.Schema:
    with reading(file):
        return pq.read_schema(file)
