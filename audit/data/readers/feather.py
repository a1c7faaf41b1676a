"""Source of Feather files, versions 1 and 2 (the latter are Arrow's own files), read batch by batch."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from pyarrow import ipc

from audit.data.readers.arrow_file import open_arrow_file
from audit.data.readers.feather_v1 import is_version_1, read_version_1
from audit.data.readers.table_files import TableFiles
from audit.data.source import reading


class FeatherSource(TableFiles):
    """Source of Feather files; those of version 1 are in memory as a whole."""

    def __init__(self, path: str, files: list[Path]) -> None:
        self._tables: dict[Path, pa.Table] = {}
        super().__init__(path, files)

    def file_schema(self, file: Path) -> pa.Schema:
        """Return the stored columns of one file."""
        with reading(file):
            if is_version_1(file):
                self._tables[file] = read_version_1(file)
                return self._tables[file].schema
            with open_arrow_file(file) as stream, ipc.open_file(stream) as reader:
                return reader.schema

    def read_file(self, file: Path, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the named columns of one file in batches, with the stored types."""
        if file in self._tables:
            yield from self._tables[file].select(columns).to_batches(max_chunksize=rows)
            return
        with open_arrow_file(file) as stream, ipc.open_file(stream, options=_only(file, columns)) as reader:
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number).select(columns)
                batch.validate(full=True)  # before slices of it are read
                yield from (batch.slice(start, rows) for start in range(0, batch.num_rows, rows))


def _only(file: Path, columns: list[str]) -> ipc.IpcReadOptions:
    """Return the options by which only some columns are read, and decompressed."""
    with open_arrow_file(file) as stream, ipc.open_file(stream) as reader:
        names = reader.schema.names
    return ipc.IpcReadOptions(included_fields=[names.index(name) for name in columns])
