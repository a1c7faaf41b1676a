"""Source of JSON lines: an object a row; what an object lacks is a null."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from audit.data.readers.json_parts import parse, parts
from audit.data.readers.table_files import TableFiles
from audit.errors import AuditError


class JsonLinesSource(TableFiles):
    """Source of files with one JSON object a line, which may be compressed.

    Types follow from all rows, which are read once for that. Texts that look like times are texts.
    """

    def file_schema(self, file: Path) -> pa.Schema:
        """Return the columns that any object of one file has, in the order in which they first occur."""
        schema = pa.schema([])
        for part in parts(file):
            merged = [schema, _as_written(parse(part).schema)]
            try:
                schema = pa.unify_schemas(merged, promote_options="permissive")
            except pa.ArrowTypeError:
                parse(part, schema)  # raises the error that names the row
                raise
        if not schema.names:
            raise AuditError(where=str(file), expected="a JSON object a line", found="no field in any line")
        return schema

    def read_file(self, file: Path, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the named columns of one file in batches."""
        schema = pa.schema([self._schemas[file].field(name) for name in columns])
        for part in parts(file):
            yield from parse(part, schema).to_batches(max_chunksize=rows)


def _as_written(schema: pa.Schema) -> pa.Schema:
    """Return the schema with texts where Arrow took them for times."""
    return pa.schema(
        [field.with_type(pa.string()) if pa.types.is_temporal(field.type) else field for field in schema]
    )
