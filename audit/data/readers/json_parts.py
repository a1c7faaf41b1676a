"""Parts of a file of JSON lines, parsed one by one; errors name file and row, and none of its values."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from pyarrow import json

from audit.data.readers.byte_stream import ByteStream
from audit.errors import AuditError

_ROW = re.compile(r" in row (\d+)$")
_CHANGE = re.compile(r"Column\(/?(.*)\) changed from (\w+) to (\w+) ")
_FIX = "write one JSON object a line, as to_json(orient='records', lines=True) of pandas does, a field of one type"


class Part(NamedTuple):
    """Some whole lines of a file, the first of which has the row ``first_row``, counted from 1."""

    file: Path
    first_row: int
    data: bytes

    @property
    def lines(self) -> list[bytes]:
        """The lines that hold something."""
        return [line for line in self.data.splitlines() if line.strip()]

    def error(self, index: int, expected: str, actual: str) -> AuditError:
        """Return the error about one of the lines."""
        where = f"{self.file}: row {self.first_row + index:,}"
        return AuditError(where=where, expected=expected, found=actual, fix=_FIX)


def parts(file: Path) -> Iterator[Part]:
    """Yield a file in parts of about a megabyte, or of one line if that is longer.

    Raises:
        AuditError: the file is damaged, or no text in UTF-8.
    """
    stream = ByteStream(file)
    pending: list[bytes] = []
    row = 1
    for chunk in stream.chunks():
        end = chunk.rfind(b"\n") + 1
        if end:
            part = Part(file, row, b"".join([*pending, chunk[:end]]))
            row += len(_require_utf8(part).lines)
            yield part
            pending = []
        pending.append(chunk[end:])
    last = Part(file, row, b"".join(pending))
    if stream.damage:
        raise last.error(0, "whole lines", stream.damage)
    if last.lines:
        yield _require_utf8(last)


def parse(part: Part, schema: pa.Schema | None = None) -> pa.Table:
    """Return the rows of a part: all fields, in types that Arrow infers, or the columns of ``schema``.

    Raises:
        AuditError: a line is no JSON object, or a field has another type.
    """
    try:
        table = _parsed(part.data, schema)
    except pa.ArrowInvalid as error:
        raise _failure(part, str(error), schema) from None
    return table if schema is None else table.select(schema.names)


def _parsed(data: bytes, schema: pa.Schema | None) -> pa.Table:
    if schema is None:
        options = json.ParseOptions()
    else:
        options = json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    reading = json.ReadOptions(use_threads=False, block_size=len(data) + 1)
    return json.read_json(pa.BufferReader(data), reading, options)


def _require_utf8(part: Part) -> Part:
    try:
        part.data.decode()
    except UnicodeDecodeError as error:
        lines = len(Part(part.file, 0, part.data[: error.start]).data.splitlines())
        raise part.error(max(0, lines - 1), "text in UTF-8", "other bytes") from None
    return part


def _failure(part: Part, message: str, schema: pa.Schema | None) -> AuditError:
    """Return the error for what Arrow refused, whose own message may show values."""
    row = _ROW.search(message)
    index = int(row[1]) if row else _first_refused(part, schema)
    change = _CHANGE.search(message)
    if change and change[1] in _names(part):
        where = f"{change[3]} in the field {change[1]!r}"
        return part.error(index, f"{change[2]}, as in the rows before", where)
    return part.error(index, "a JSON object", "text that is none, or a field twice or of another type")


def _first_refused(part: Part, schema: pa.Schema | None) -> int:
    for index, line in enumerate(part.lines):
        try:
            _parsed(line, schema)
        except pa.ArrowInvalid:
            return index
    return 0


def _names(part: Part) -> list[str]:
    """Return the fields of the first line: of a damaged one, what Arrow calls a field may be a value."""
    with suppress(pa.ArrowInvalid):
        return list(_parsed(part.lines[0], None).schema.names)
    return []
