"""Decompressed bytes of a file, up to the place where they are damaged."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from audit.data.readers.arrow_file import open_arrow_file

CHUNK_BYTES = 2**20

COMPRESSIONS = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd", "bz2": b"BZh"}
"""First bytes of compressed files by Arrow's name of the compression; no text table begins with the first two."""

SUFFIXES = (".gz", ".zst", ".bz2")
"""What names of compressed files end in."""

_DAMAGED = (OSError, pa.ArrowException)
_BZ2_BLOCK = b"1AY&SY"


class ByteStream:
    """The bytes of a file that may be compressed, whatever its name says; ``damage`` says why they end too early."""

    def __init__(self, file: Path) -> None:
        self.damage: str | None = None
        self._file = file
        self.compression = compression_of(file)

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes up to their end, or up to where they are damaged."""
        done = 0
        try:
            for chunk in self._read(CHUNK_BYTES):
                yield chunk
                done += len(chunk)
        except _DAMAGED:
            self.damage = f"a {self.compression} stream that is damaged or cut short"
            yield self._before_damage(done)

    def _read(self, size: int, skip: int = 0) -> Iterator[bytes]:
        with (
            open_arrow_file(self._file) as stored,
            pa.input_stream(stored, compression=self.compression) as stream,
        ):
            while skip > 0:
                skip -= len(stream.read_buffer(min(skip, CHUNK_BYTES)))
            while len(chunk := stream.read_buffer(size)):  # of bytes, Arrow loses the memory if it fails
                yield chunk.to_pybytes()

    def _before_damage(self, done: int) -> bytes:
        """Return the bytes between those that were read and the damage, which a longer read loses."""
        rest = bytearray()
        with suppress(*_DAMAGED):
            for byte in self._read(1, done):
                rest += byte
        return bytes(rest)


def compression_of(file: Path) -> str | None:
    """Return the compression of a file by its first bytes, None if there is none."""
    with file.open("rb") as stream:
        first = stream.read(10)
    for name, magic in COMPRESSIONS.items():
        if first.startswith(magic) and (name != "bz2" or first[4:] == _BZ2_BLOCK):
            return name
    return None
