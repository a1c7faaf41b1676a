"""Writes a small picture as PNG (ISO/IEC 15948), for a page that must not need another file."""

from __future__ import annotations

import base64
import struct
import zlib

_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}
"""By channels: grey, red-green-blue, and that with opacity."""


def png(samples: bytes, width: int, channels: int) -> bytes:
    """Return the file of a picture.

    Args:
        samples: bytes by row, column and channel, as many as whole rows take.
        width: columns.
        channels: 1 (grey), 3 (colours) or 4 (colours and opacity).
    """
    line = width * channels
    height = len(samples) // line
    unfiltered = b"".join(b"\0" + samples[at : at + line] for at in range(0, height * line, line))
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(unfiltered, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def address(samples: bytes, width: int, channels: int) -> str:
    """Return a picture as the address that an image element takes (see `png`)."""
    return "data:image/png;base64," + base64.b64encode(png(samples, width, channels)).decode("ascii")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
