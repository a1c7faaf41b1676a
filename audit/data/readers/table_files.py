"""Base class of readers of one or several files, whose columns are matched by name."""

from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from audit.data.column_types import PEEKED_ROWS, is_ambiguous, resolve_column_type
from audit.data.readers.common_columns import common_columns
from audit.data.readers.hive import partition_values
from audit.data.source import Source, reading
from audit.errors import AuditError


class TableFiles(Source):
    """Source of files of one format: what all of them have, and what the names of their directories say.

    Columns may stand in any order, and have different types of numbers. Columns that some files lack, or that
    are of other types, cannot be read; that is an error only if somebody does.
    """

    def __init__(self, path: str, files: list[Path]) -> None:
        self.path = path
        self.files = files
        self._starts: list[int] = []
        self._schemas = {file: self._named(file) for file in files}
        self._partitions: Mapping[Path, Mapping[str, str | None]] = {file: {} for file in files}
        self._match()

    def add_partitions(self, root: Path) -> None:
        """Add the columns that directories between ``root`` and the files give, unless the files have them."""
        self._partitions = {file: self._partition_values(file, root) for file in self.files}
        if any(self._partitions.values()):
            self._match()

    @abstractmethod
    def file_schema(self, file: Path) -> pa.Schema:
        """Return the columns of one file, in its order."""

    @abstractmethod
    def read_file(self, file: Path, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the named columns, one at least, of one file in batches of about ``rows`` rows."""

    def read(self, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the named columns of all files in batches, each column in one type."""
        self._starts = []
        first_row = 1
        for file in self.files:
            self._starts.append(first_row)
            stored = [name for name in columns if name not in self._partitions[file]]
            batches = self.read_file(file, stored or self._schemas[file].names[:1], rows)
            while (batch := self._next(batches, file, first_row)) is not None:
                yield self._completed(batch, columns, file, first_row)
                first_row += batch.num_rows

    def require_present(self, columns: Sequence[str]) -> None:
        """Raise an AuditError unless every one of ``columns`` is in all files."""
        for column in columns:
            if column in self._excluded:
                raise self._excluded[column]
        super().require_present(columns)

    def place(self, row: int) -> str:
        """Return file and row in words; rows are counted in each file, from 1."""
        index = bisect_right(self._starts, row) - 1
        return f"{self.files[index]}: row {row - self._starts[index] + 1:,}"

    def _next(self, batches: Iterator[pa.RecordBatch], file: Path, first_row: int) -> pa.RecordBatch | None:
        with reading(self._from_row(file, first_row)):
            batch = next(batches, None)
            if batch is not None:
                batch.validate(full=True)  # lest a damaged file has us read beyond its memory
            return batch

    def _completed(
        self, batch: pa.RecordBatch, columns: Sequence[str], file: Path, first_row: int
    ) -> pa.RecordBatch:
        """Return the batch with the columns of the file's directories, all in the types of the table."""
        values = self._partitions[file]
        arrays = []
        for name in columns:
            kind = pa.string() if self.is_text else self._stored.field(name).type
            where = f"{self._from_row(file, first_row)}: column {name!r}"
            is_stored = name not in values
            arrays.append(
                _as_type(batch.column(name), kind, where)
                if is_stored
                else pa.repeat(pa.scalar(values[name], pa.string()), batch.num_rows)
            )
        return pa.RecordBatch.from_arrays(arrays, list(columns))

    def _from_row(self, file: Path, first_row: int) -> str:
        return f"{file}: from row {first_row - self._starts[-1] + 1:,} on"

    def _named(self, file: Path) -> pa.Schema:
        schema = self.file_schema(file)
        with reading(file):
            list(schema.names)  # decodes them, which fails on a damaged name
        return schema

    def _match(self) -> None:
        """Match the columns of the files by name."""
        schemas = {file: _extended(self._schemas[file], self._partitions[file]) for file in self.files}
        columns = common_columns(schemas, pa.string() if self.is_text else None)
        self._stored = columns.schema
        self._excluded = columns.excluded
        self.schema = self._resolved_schema()

    def _partition_values(self, file: Path, root: Path) -> Mapping[str, str | None]:
        names = set(self._schemas[file].names)  # what a file holds itself is what it means
        return {n: value for n, value in partition_values(file, root).items() if n not in names}

    def _resolved_schema(self) -> pa.Schema:
        """Return the schema with ambiguous stored types resolved by the first rows."""
        names = [field.name for field in self._stored if is_ambiguous(field.type)]
        first = next(iter(self.read(names, PEEKED_ROWS)), None) if names else None
        schema = self._stored
        if first is None:
            return schema
        for name in names:
            field = schema.field(name)
            kind = resolve_column_type(field.type, first.column(name))
            schema = schema.set(schema.get_field_index(name), field.with_type(kind))
        return schema


def _extended(schema: pa.Schema, values: Mapping[str, str | None]) -> pa.Schema:
    if not values:
        return schema
    return pa.schema([*schema, *(pa.field(name, pa.string()) for name in values)])


def _as_type(column: pa.Array, kind: pa.DataType, where: str) -> pa.Array:
    if column.type == kind:
        return column
    plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    try:
        return plain.cast(kind)
    except pa.ArrowInvalid:  # whose message shows the value
        raise AuditError(
            where=where,
            expected=f"values that {kind} holds exactly, the type of the column in all files",
            found=f"one of {column.type} that it does not hold",
            fix="bring the column to one type in all files",
        ) from None
