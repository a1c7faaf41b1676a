"""Source of Parquet files, streamed in batches: only the requested columns, never a whole row group."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from audit.data.readers.table_files import TableFiles
from audit.data.source import reading

_BUFFER = 2**16  # bytes a column: without it the reader takes the whole row group, often the whole file


class ParquetSource(TableFiles):
    """Source of Parquet files; where pages have checksums, they are compared."""

    def file_schema(self, file: Path) -> pa.Schema:
        """Return the stored columns of one file."""
        with reading(file):
            return pq.read_schema(file)

    def read_file(self, file: Path, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the named columns of one file in batches, with the stored types."""
        with pq.ParquetFile(
            file, pre_buffer=False, buffer_size=_BUFFER, page_checksum_verification=True
        ) as reader:
            yield from reader.iter_batches(batch_size=rows, columns=columns)
