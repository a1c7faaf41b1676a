"""The text of a CSV file as UTF-8, in pieces of whole lines, as Arrow's reader takes it."""

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from audit.data.readers.byte_stream import ByteStream

_MAX_QUOTED = 2**26
"""Characters after which a value whose closing mark is missing is handed on as it is."""


END = "\u2403end of table\u2403"
"""A value that no table has, in each column of the row after the last one."""


class TextLines:
    """The text of a file in one encoding, in pieces of whole lines, up to the line that is damaged.

    ``damage`` says what is wrong with the line after the last one, and ``undecodable`` whether it is in the encoding;
    both are known when the pieces have ended.
    """

    def __init__(self, file: Path, encoding: str) -> None:
        self._stream = ByteStream(file)
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self.undecodable = False

    @property
    def damage(self) -> str | None:
        """Why the text ends too early; None if it does not."""
        return f"bytes that are not {self._encoding.upper()}" if self.undecodable else self._stream.damage

    def pieces(self) -> Iterator[str]:
        """Yield the text in pieces that end with a line, the last one with the file."""
        pending: list[str] = []
        for text in self._decoded():
            end = max(text.rfind("\n"), text.rfind("\r")) + 1
            if end:
                yield "".join([*pending, text[:end]])
                pending = []
            pending.append(text[end:])
        rest = "".join(pending)
        if rest and not self.damage:
            yield rest

    def _decoded(self) -> Iterator[str]:
        for chunk in self._stream.chunks():
            yield self._decode(chunk)
            if self.undecodable:
                return
        if not self.damage:
            yield self._decode(b"", final=True)

    def _decode(self, chunk: bytes, final: bool = False) -> str:
        try:
            return self._decoder.decode(chunk, final)
        except UnicodeError as error:
            self.undecodable = True
            return self._valid_start(chunk, error)

    def _valid_start(self, chunk: bytes, error: UnicodeError) -> str:
        """Return the text before the bytes that cannot be decoded; the decoder may hold some from before."""
        if isinstance(error, UnicodeDecodeError):
            with suppress(UnicodeError):
                return self._decoder.decode(chunk[: max(0, error.start - (len(error.object) - len(chunk)))])
        return ""


class CsvStream:
    """A file for Arrow's reader: text as UTF-8, without the spaces after delimiters if ``strip`` is given.

    ``strip`` is from `initial_spaces`. ``last`` is a line to add: whether it arrives as a row shows whether the quotes
    before it are closed. ``damage`` is as in `TextLines`.
    """

    closed = False

    def __init__(self, lines: TextLines, strip: re.Pattern[str] | None, last: str = "") -> None:
        self.bytes_read = 0
        self._lines = lines
        pieces = lines.pieces() if strip is None else _stripped(lines.pieces(), strip)
        self._pieces = self._with_last(pieces, last)
        self._buffer = memoryview(b"")

    @property
    def damage(self) -> str | None:
        """Why the text ends too early; None if it does not."""
        return self._lines.damage

    @property
    def undecodable(self) -> bool:
        """Whether it ends too early because it is in another encoding."""
        return self._lines.undecodable

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes; none at the end."""
        while not self._buffer:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._buffer = memoryview(piece.encode())
        part = bytes(self._buffer[:size])
        self._buffer = self._buffer[size:]
        self.bytes_read += len(part)
        return part

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def writable(self) -> bool:
        """Whether it can be written: no."""
        return False

    def seekable(self) -> bool:
        """Whether it can be read from another place: no."""
        return False

    def close(self) -> None:
        """Mark it as closed; the file is closed when its bytes end, or nobody refers to them."""
        self.closed = True
        self._pieces = iter(())

    def _with_last(self, pieces: Iterator[str], last: str) -> Iterator[str]:
        yield from pieces
        if last and not self.damage:
            yield f"\n{last}\n"


def initial_spaces(delimiter: str, quote: str) -> re.Pattern[str]:
    """Return the pattern of spaces at the start of a value, or of a quoted value with the spaces before it.

    Group 1 is the quoted value, without the mark at its end if that is not in the text yet (then ``open`` matches).
    """
    start = rf"(?<![^{re.escape(delimiter)}\r\n])"
    if not quote:
        return re.compile(rf"{start} +()(?P<open>(?!))?")
    mark = re.escape(quote)
    inside = rf"[^{mark}]*+(?:{mark}{mark}[^{mark}]*+)*+"
    return re.compile(rf"{start}(?: *({mark}{inside}(?:{mark}|(?P<open>\Z)))| +)")


def _stripped(pieces: Iterator[str], pattern: re.Pattern[str]) -> Iterator[str]:
    """Yield pieces without initial spaces; a value that is quoted over several lines is in one piece."""
    pending = ""
    for piece in pieces:
        text = pending + piece
        unclosed = next((match for match in pattern.finditer(text) if match["open"] is not None), None)
        end = unclosed.start() if unclosed and len(text) < _MAX_QUOTED else len(text)
        yield pattern.sub(lambda match: match[1] or "", text[:end])
        pending = text[end:]
    if pending:
        yield pending.lstrip(" ")
