"""Damage to the bytes of a file, drawn at random: what disks, transfers, editors and wrong exports do to it."""

from __future__ import annotations

import random

_PIECES = [b'"', b",", b";", b"\n", b"\r", b"\0", b"\xff", b"{", b"}", b"'", b" ", b"\xef\xbb\xbf"]
_KINDS = 10


def damaged(whole: bytes, other: bytes, draw: random.Random) -> bytes:
    """Return ``whole`` with one to five damages; ``other`` is a file that it may be spliced with."""
    data = bytearray(whole)
    for _ in range(draw.choice([1, 1, 2, 5])):
        _damage(data, other, draw)
    return bytes(data)


def _damage(data: bytearray, other: bytes, draw: random.Random) -> None:
    start = draw.randrange(len(data)) if data else 0
    end = min(len(data), start + draw.choice([1, 1, 4, 30, 500]))
    kind = draw.randrange(_KINDS)
    if kind == 0 and data:
        data[start] ^= 1 << draw.randrange(8)
    elif kind == 1:
        data[start:end] = draw.randbytes(end - start)
    elif kind == 2:
        del data[start:end]
    elif kind == 3:
        data[start:start] = data[start:end]
    elif kind == 4:
        data[start:start] = draw.randbytes(end - start)
    elif kind == 5:
        data[start:end] = draw.choice(_PIECES)
    elif kind == 6:
        data[start:end] = bytes(end - start)
    elif kind == 7:
        data[start:] = other[draw.randrange(len(other)) :]
    elif kind == 8:
        data[start:end] = other[start:end]
    else:
        del data[start:]
