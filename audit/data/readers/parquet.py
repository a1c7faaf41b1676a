"""Source of Parquet files, streamed in batches: only the requested columns, never a whole row group."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from audit.data.readers.arrow_file import open_arrow_file
from audit.data.readers.table_files import TableFiles
from audit.data.source import reading
from audit.errors import AuditError

_UNREADABLE_NULLS = "Expected all lists to be of size"
_BUFFER = 2**16  # bytes a column: without it the reader takes the whole row group, often the whole file


class ParquetSource(TableFiles):
    """Source of Parquet files; where pages have checksums, they are compared."""

    def file_schema(self, file: Path) -> pa.Schema:
        """Return the stored columns of one file."""
        with reading(file), open_arrow_file(file) as stream:
            return pq.read_schema(stream)

    def read_file(self, file: Path, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the named columns of one file in batches, with the stored types."""
        with (
            open_arrow_file(file) as stream,
            pq.ParquetFile(
                stream, pre_buffer=False, buffer_size=_BUFFER, page_checksum_verification=True
            ) as reader,
        ):
            rows_read = 0
            with _nulls_among_lists(file):
                for batch in reader.iter_batches(batch_size=rows, columns=columns):
                    rows_read += batch.num_rows
                    yield batch
            if (
                rows_read != reader.metadata.num_rows
            ):  # Arrow takes a column that is damaged in some ways for empty
                raise pa.ArrowInvalid("other rows in the columns than in the file's footer")


@contextmanager
def _nulls_among_lists(file: Path) -> Iterator[None]:
    """Name the way out of a fault of Arrow before 26, which reads no null among lists of a fixed length."""
    try:
        yield
    except pa.ArrowInvalid as error:
        if _UNREADABLE_NULLS not in str(error):
            raise
        raise AuditError(
            where=str(file),
            expected="lists of a fixed length without nulls, which pyarrow before 26 cannot read",
            found=f"a null among them, and pyarrow {pa.__version__}",
            fix="install pyarrow 26 or later, or export the column as lists of any length",
        ) from None
