"""Rows of one CSV file in batches of text, and the row at which a file is damaged."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from audit.data.readers.csv_dialect import Dialect
from audit.data.readers.csv_text import END, CsvStream, TextLines
from audit.errors import AuditError, Setting

_BLOCK_BYTES = 2**20
_MAX_BLOCK_BYTES = 2**28  # more than any row of a table has, unless a quote is not closed
_ANOTHER_ENCODING = Setting("data.csv", "{encoding: cp1252}")
_QUOTES = "look for a quote there that opens a value and is not closed"
_RAGGED = "correct that row: quote values that hold a delimiter, and close the quotes"
_TOO_LONG = ("straddling", "Empty CSV")  # what Arrow says of a row or header that is longer than a block


class _RowTooLong(Exception):
    """Error: a row is longer than the block that is read at once."""


class CsvRows:
    """Reader of one file in one dialect. Errors name file and row, which counts from 1 below the header."""

    def __init__(self, file: Path, dialect: Dialect) -> None:
        self._file = file
        self._dialect = dialect
        self._block_bytes = _BLOCK_BYTES

    def schema(self, decimal: str) -> pa.Schema:
        """Return the columns, in types by the first block if ``decimal`` is the decimal mark."""
        while True:
            stream = CsvStream(TextLines(self._file, self._dialect.encoding), self._dialect.strip)
            try:
                convert = csv.ConvertOptions(decimal_point=decimal)
                with self._open(stream, convert, []) as reader:
                    return reader.schema
            except _RowTooLong:
                self._enlarge(stream, 0)

    def batches(self, columns: list[str], width: int) -> Iterator[pa.RecordBatch]:
        """Yield some columns as text; ``width`` is the number of columns in the file."""
        done = 0
        while True:
            lines = TextLines(self._file, self._dialect.encoding)
            stream = CsvStream(lines, self._dialect.strip, self._dialect.delimiter.join([END] * width))
            try:
                for batch in self._text(stream, columns, done):
                    done += batch.num_rows
                    yield batch
                return
            except _RowTooLong:
                self._enlarge(stream, done)

    def _text(self, stream: CsvStream, columns: list[str], skip: int) -> Iterator[pa.RecordBatch]:
        """Yield the rows after the first ``skip``."""
        convert = csv.ConvertOptions(
            include_columns=columns,
            column_types={name: pa.string() for name in columns},
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            null_values=[""],
        )
        invalid: list[csv.InvalidRow] = []
        row = 0
        at_end = False
        with self._open(stream, convert, invalid) as reader:
            while (batch := self._next(reader, stream, invalid, row)) is not None:
                if batch.num_rows and batch.column(0)[-1].as_py() == END:
                    at_end = True
                    batch = batch.slice(0, batch.num_rows - 1)
                if skip < row + batch.num_rows:
                    yield batch.slice(max(0, skip - row))
                row += batch.num_rows
        if stream.damage:
            raise self._damaged(row + 1, stream)
        if not at_end:
            raise self._error(row, "a closing quote for every opening one", "a value without", _QUOTES)

    def _open(
        self, stream: CsvStream, convert: csv.ConvertOptions, invalid: list[csv.InvalidRow]
    ) -> csv.CSVStreamingReader:
        def refuse(row: csv.InvalidRow) -> str:
            invalid.append(row)
            return "error"

        parse = self._dialect.parse_options
        parse.invalid_row_handler = refuse
        options = csv.ReadOptions(use_threads=False, block_size=self._block_bytes)
        try:
            return csv.open_csv(stream, options, parse, convert)
        except pa.ArrowInvalid as error:
            raise self._failure(error, stream, invalid, 0) from None

    def _next(
        self, reader: csv.CSVStreamingReader, stream: CsvStream, invalid: list[csv.InvalidRow], row: int
    ) -> pa.RecordBatch | None:
        try:
            return next(reader, None)
        except pa.ArrowInvalid as error:
            raise self._failure(error, stream, invalid, row) from None

    def _failure(
        self, error: Exception, stream: CsvStream, invalid: list[csv.InvalidRow], row: int
    ) -> Exception:
        """Return the error for what Arrow refused, whose own message shows the row."""
        if invalid:
            number = invalid[0].number - 1  # Arrow counts the header
            if stream.damage:
                return self._damaged(number, stream)
            actual = f"{invalid[0].actual_columns:,}"
            return self._error(
                number, f"{invalid[0].expected_columns:,} values, as in the header", actual, _RAGGED
            )
        if stream.damage:
            return self._damaged(row, stream)  # there is not even a header
        if any(words in str(error) for words in _TOO_LONG):
            return _RowTooLong()
        return self._error(row + 1, "a row of the table", "text that is none", _RAGGED)

    def _enlarge(self, stream: CsvStream, row: int) -> None:
        """Double the block several times, for a row that is longer.

        Raises:
            AuditError: there is no such row, or it has no end.
        """
        if stream.bytes_read < self._block_bytes:
            raise AuditError(
                where=str(self._file), expected="a table with a header line", found="no line with text"
            )
        if self._block_bytes >= _MAX_BLOCK_BYTES:
            raise self._error(row + 1, f"a row of up to {_MAX_BLOCK_BYTES:,} bytes", "a longer one", _QUOTES)
        self._block_bytes *= 8

    def _damaged(self, row: int, stream: CsvStream) -> AuditError:
        name = str(self._dialect.encoding).upper()
        expected = f"a whole line of text in {name}"
        if not stream.undecodable:
            return self._error(row, expected, str(stream.damage), "export the file again")
        fix = f"bring the file to one encoding; if that is not {name}, set {_ANOTHER_ENCODING}, say"
        return self._error(row, expected, str(stream.damage), fix, _ANOTHER_ENCODING)

    def _error(self, row: int, expected: str, actual: str, fix: str, *settings: Setting) -> AuditError:
        where = f"{self._file}: {f'row {row:,}' if row else 'the header, before row 1'}"
        return AuditError(where=where, expected=expected, found=actual, fix=fix, settings=settings)
