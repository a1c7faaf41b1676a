"""Source of CSV files, streamed as text in batches."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from audit.data.source import Source, common_schema, reading
from audit.errors import AuditError

_PARSE = csv.ParseOptions(newlines_in_values=True)


class CsvSource(Source):
    """Source of CSV files with a header line and commas, all with the same columns in the same order."""

    def __init__(self, path: str, files: list[Path]) -> None:
        self.path = path
        self.files = files
        self.schema = self._inferred(files[0])
        (only,) = self.schema.names if len(self.schema.names) == 1 else ("",)
        if any(mark in only for mark in ";\t|"):
            raise AuditError(
                where=path,
                expected="commas between the columns",
                found=f"one column {only!r:.200}",
                fix="write the file with commas, or as Parquet",
            )
        common_schema(files, lambda file: self._inferred(file).names, "columns", "other columns")

    def read(self, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the named columns as text, in batches: a column is parsed where it is used."""
        convert = csv.ConvertOptions(
            include_columns=columns,
            column_types={name: pa.string() for name in columns},
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            null_values=[""],
        )
        for file in self.files:
            with csv.open_csv(file, parse_options=_PARSE, convert_options=convert) as reader:
                for batch in reader:
                    yield from (batch.slice(start, rows) for start in range(0, batch.num_rows, rows))

    def _inferred(self, file: Path) -> pa.Schema:
        if not file.stat().st_size:
            raise AuditError(where=str(file), expected="a table with a header line", found="an empty file")
        with reading(file), csv.open_csv(file, parse_options=_PARSE) as reader:
            return reader.schema
