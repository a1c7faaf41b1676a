"""Source of Feather files, versions 1 and 2 (the latter are Arrow's own files), read batch by batch."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from pyarrow import feather, ipc

from audit.data.readers.table_files import TableFiles
from audit.data.source import reading

_VERSION_1 = b"FEA1"


class FeatherSource(TableFiles):
    """Source of Feather files; one of version 1 is in memory as a whole, with the columns that are read."""

    def file_schema(self, file: Path) -> pa.Schema:
        """Return the stored columns of one file."""
        with reading(file):
            if _is_version_1(file):
                return feather.read_table(file, memory_map=False).schema
            with pa.OSFile(str(file)) as stream, ipc.open_file(stream) as reader:
                return reader.schema

    def read_file(self, file: Path, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the named columns of one file in batches, with the stored types."""
        if _is_version_1(file):
            yield from feather.read_table(file, columns, memory_map=False).to_batches(max_chunksize=rows)
            return
        with pa.OSFile(str(file)) as stream, ipc.open_file(stream, options=_only(file, columns)) as reader:
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number).select(columns)
                batch.validate(full=True)  # before slices of it are read
                yield from (batch.slice(start, rows) for start in range(0, batch.num_rows, rows))


def _is_version_1(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(_VERSION_1)) == _VERSION_1


def _only(file: Path, columns: list[str]) -> ipc.IpcReadOptions:
    """Return the options by which only some columns are read, and decompressed."""
    with pa.OSFile(str(file)) as stream, ipc.open_file(stream) as reader:
        names = reader.schema.names
    return ipc.IpcReadOptions(included_fields=[names.index(name) for name in columns])
