"""Detection of a CSV file's dialect by its first rows: encoding, delimiter, quotes, spaces, decimal mark."""

import codecs
import json
import re
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from audit.data.column_types import is_number
from audit.data.readers.byte_stream import ByteStream
from audit.data.readers.csv_dialect import Dialect
from audit.data.readers.csv_numbers import DECIMAL_COMMA
from audit.data.readers.csv_text import TextLines
from audit.errors import AuditError, Setting, quote_list
from audit.policy.csv_spec import CsvSpec

_DELIMITERS = (",", ";", "\t", "|")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before the mark of UTF-16, which it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_THOUSANDS = r"^\s*[+-]?[1-9]\d{0,2}(,\d{3})+\s*$"


def detect_dialect(file: Path, spec: CsvSpec) -> Dialect:
    """Return the dialect of a file: what ``spec`` says, and what the first rows show of the rest.

    Raises:
        AuditError: the rows can be read with several delimiters.
    """
    encoding = spec.encoding or _encoding(file)
    text = "".join(islice(TextLines(file, encoding).pieces(), 1)).removeprefix("\ufeff")
    header = next((line for line in text.splitlines() if line.strip()), "")
    delimiters = [spec.delimiter] if spec.delimiter else [mark for mark in _DELIMITERS if mark in header]
    dialects = [
        _with_quotes(Dialect(delimiter=mark, encoding=encoding), spec, header, text)
        for mark in delimiters or ","
    ]
    dialect = dialects[0] if len(dialects) == 1 else _fitting(file, dialects, text, spec)
    return replace(dialect, decimal=spec.decimal or _decimal(dialect, text))


def _encoding(file: Path) -> str:
    first = next(ByteStream(file).chunks(), b"")
    for mark, name in _BYTE_ORDER_MARKS:
        if first.startswith(mark):
            return name
    even = first[0::2].count(0)
    odd = first[1::2].count(0)
    if first[:1] != b"\0" and not even and odd > len(first) // 4:  # Latin letters in two bytes
        return "utf-16-le"
    return "utf-16-be" if first[:1] == b"\0" and not odd and even > len(first) // 4 else "utf-8"


def _with_quotes(dialect: Dialect, spec: CsvSpec, header: str, text: str) -> Dialect:
    """Return the dialect with quotes and initial spaces as ``spec`` or the text says, for its delimiter."""
    mark = re.escape(dialect.delimiter)
    in_apostrophes = re.fullmatch(rf"'[^']*'({mark} *'[^']*')+", header)
    quote = spec.quote if spec.quote is not None else "'" if in_apostrophes else dialect.quote
    skip = spec.skip_initial_space
    return replace(
        dialect, quote=quote, skip_initial_space=_is_spaced(text, mark, quote) if skip is None else skip
    )


def _is_spaced(text: str, mark: str, quote: str) -> bool:
    """Return whether a space follows every delimiter, in rows and header, or in rows with numbers.

    Without either, the spaces may be part of texts.
    """
    bare = text
    if quote:
        ends = re.escape(quote)
        bare = re.sub(rf"(?<![^{mark}\r\n])( *){ends}[^{ends}]*+{ends}", r"\1q", text)
    header, _, rows = bare.lstrip("\r\n").partition("\n")
    unspaced = re.compile(rf"{mark}[^ {mark}\r\n]")
    if unspaced.search(rows) or not re.search(f"{mark} ", rows):
        return False
    return not unspaced.search(header) or bool(re.search(rf"{mark} +[+-]?[.\d]", rows))


def _fitting(file: Path, dialects: list[Dialect], text: str, spec: CsvSpec) -> Dialect:
    """Return the one dialect that splits all rows as it splits the header.

    Raises:
        AuditError: several do.
    """
    widths = {dialect: _fit(dialect, text) for dialect in dialects}
    split = [dialect for dialect, (columns, _) in widths.items() if columns > 1]
    uniform = [dialect for dialect in split if widths[dialect][1]]
    if len(uniform) > 1:
        choices = [_with_delimiter(spec, dialect.delimiter) for dialect in uniform]
        raise AuditError(
            where=str(file),
            expected="one delimiter that splits all rows alike",
            found=f"several: {quote_list(dialect.delimiter for dialect in uniform)}",
            fix=f"set {choices[0]}, or {'the other one' if len(choices) == 2 else 'another one'}",
            settings=choices,
        )
    return (uniform or split or dialects)[0]


def _with_delimiter(spec: CsvSpec, delimiter: str) -> Setting:
    keys = {**spec.model_dump(), "delimiter": delimiter}
    return Setting(
        "data.csv", f"{{{', '.join(f'{key}: {json.dumps(value)}' for key, value in keys.items())}}}"
    )


def _fit(dialect: Dialect, text: str) -> tuple[int, bool]:
    """Return the number of columns in the header, and whether most rows have as many."""
    invalid: list[int] = []
    table = _parse(dialect, text, invalid)
    return (table.num_columns, table.num_rows >= len(invalid)) if table else (0, False)


def _decimal(dialect: Dialect, text: str) -> str:
    """Return the decimal mark: a comma if a column of numbers has some, and no column has points."""
    if "," not in text or (dialect.delimiter == "," and (not dialect.quote or dialect.quote not in text)):
        return "."
    point = _parse(dialect, text, [])
    comma = _parse(replace(dialect, decimal=","), text, [])
    if point is None or comma is None or len(set(point.schema.names)) < point.num_columns:
        return "."
    pairs = zip(point.schema, comma.schema, strict=True)
    changed = [(a.name, is_number(b.type)) for a, b in pairs if is_number(a.type) != is_number(b.type)]
    if not changed or not all(has_commas for _, has_commas in changed):
        return "."
    texts = _parse(dialect, text, [], [name for name, _ in changed])
    return "," if texts and any(_is_decimal_comma(column) for column in texts.columns) else "."


def _is_decimal_comma(column: pa.ChunkedArray) -> bool:
    """Return whether some values have a comma that cannot stand between thousands."""
    decimal = pc.match_substring_regex(column, DECIMAL_COMMA)
    thousands = pc.match_substring_regex(column, _THOUSANDS)
    return bool(pc.any(pc.and_not(decimal, thousands)).as_py())


def _parse(
    dialect: Dialect, text: str, invalid: list[int], as_text: list[str] | None = None
) -> pa.Table | None:
    """Return the rows that have as many values as the header, the numbers of the others in ``invalid``.

    With ``as_text``, these columns only, as text. None if Arrow refuses the text.
    """

    def skip(row: csv.InvalidRow) -> str:
        invalid.append(row.number)
        return "skip"

    plain = text if dialect.strip is None else dialect.strip.sub(lambda match: match[1] or "", text)
    parse = dialect.parse_options
    parse.invalid_row_handler = skip
    convert = csv.ConvertOptions(decimal_point=dialect.decimal)
    if as_text:
        convert.include_columns = as_text
        convert.column_types = dict.fromkeys(as_text, pa.string())
    data = plain.encode()
    options = csv.ReadOptions(use_threads=False, block_size=len(data) + 1)
    try:
        return csv.read_csv(pa.BufferReader(data), options, parse, convert)
    except pa.ArrowInvalid:
        return None
