"""Source of CSV files, streamed as text in batches."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from audit.data.readers.byte_stream import SUFFIXES, compression_of
from audit.data.readers.csv_detection import detect_dialect
from audit.data.readers.csv_dialect import Dialect
from audit.data.readers.csv_numbers import DecimalCommas
from audit.data.readers.csv_rows import CsvRows
from audit.data.readers.table_files import TableFiles
from audit.errors import AuditError, RowError
from audit.policy.csv_spec import CsvSpec

_NOTHING_GIVEN = CsvSpec()


class CsvSource(TableFiles):
    """Source of CSV files with a header line; the dialect of each file is detected where ``spec`` leaves it open."""

    is_text = True

    def __init__(self, path: str, files: list[Path], spec: CsvSpec = _NOTHING_GIVEN) -> None:
        for file in files:
            if not file.stat().st_size:
                raise AuditError(
                    where=str(file), expected="a table with a header line", found="an empty file"
                )
        self._dialects = {file: detect_dialect(file, spec) for file in files}
        self._rows = {file: CsvRows(file, dialect) for file, dialect in self._dialects.items()}
        self._commas: dict[Path, DecimalCommas] = {}
        super().__init__(path, files)
        detected = {file: _detected(file, dialect, spec) for file, dialect in self._dialects.items()}
        self.notes = list(_notes(detected))
        spellings = [dialect.detected(spec) for dialect in self._dialects.values()]
        self.csv = CsvSpec(**spellings[0]) if all(keys == spellings[0] for keys in spellings) else CsvSpec()

    def file_schema(self, file: Path) -> pa.Schema:
        """Return the columns of one file, in types by its first block."""
        decimal = self._dialects[file].decimal
        schema = self._rows[file].schema(decimal)
        if decimal == ",":
            self._commas[file] = DecimalCommas(schema, self._rows[file].schema("."))
        return schema

    def read_file(self, file: Path, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the named columns as text, in batches: a column is parsed where it is used."""
        first_row = 1
        for batch in self._rows[file].batches(columns, len(self._schemas[file])):
            converted = self._with_points(file, batch, first_row)
            yield from (converted.slice(start, rows) for start in range(0, converted.num_rows, rows))
            first_row += batch.num_rows

    def _with_points(self, file: Path, batch: pa.RecordBatch, first_row: int) -> pa.RecordBatch:
        commas = self._commas.get(file)
        if commas is None:
            return batch
        try:
            arrays = [
                commas.with_points(name, column, first_row)
                for name, column in zip(batch.schema.names, batch.columns, strict=True)
            ]
        except RowError as error:
            raise error.located(f"{file}: row {error.row:,}") from None
        return pa.RecordBatch.from_arrays(arrays, batch.schema.names)


def _detected(file: Path, dialect: Dialect, spec: CsvSpec) -> str:
    """Return in words what was detected of a file and is not usual, "" if nothing was."""
    keys = [f"{key}: {json.dumps(value)}" for key, value in dialect.detected(spec).items()]
    words = [f"with data.csv: {{{', '.join(keys)}}}"] if keys else []
    compression = compression_of(file)
    if (compression is None) == (file.suffix.lower() in SUFFIXES):
        words.append(
            f"as a file compressed by {compression}" if compression else "as a file without compression"
        )
    return " and ".join(words)


def _notes(detected: Mapping[Path, str]) -> Iterator[str]:
    for text in dict.fromkeys(filter(None, detected.values())):
        files = [file for file, other in detected.items() if other == text]
        others = f" (and {len(files) - 1:,} more)" if len(files) > 1 else ""
        yield f"{files[0]}{others} was read {text}, detected from its first rows"
