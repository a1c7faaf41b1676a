"""Maps of attributions and small pictures, as a report's tables hold them: bytes in base64."""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass

from audit.formats.html.text.table_records import Record, figure, text

_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Cells:
    """A map of numbers by row and column, row after row."""

    height: int
    width: int
    values: list[float]

    @property
    def top(self) -> float:
        """The greatest size of a number."""
        return max(abs(value) for value in self.values)


def cells(row: Record) -> Cells | None:
    """Return the map in the columns ``height``, ``width``, ``step`` and ``cells`` (16-bit, in steps), or None."""
    height, width, step = side(row, "height"), side(row, "width"), figure(row, "step")
    if height is None or width is None or step is None or step < 0:
        return None
    raw = _bytes(text(row, "cells"), 2 * height * width)
    if raw is None:
        return None
    return Cells(height, width, [step * steps for steps in struct.unpack(f"<{height * width}h", raw)])


def samples(row: Record, height: int, width: int) -> tuple[bytes, int] | None:
    """Return the bytes in the columns ``image`` and ``channels``, and the channels (1 or 3), or None."""
    channels = figure(row, "channels")
    if channels not in (1, 3):
        return None
    raw = _bytes(text(row, "image"), height * width * int(channels))
    return None if raw is None else (raw, int(channels))


def side(row: Record, key: str) -> int | None:
    """Return the number of rows or columns of a map, or None where the cell holds no such number."""
    value = figure(row, key)
    return int(value) if value is not None and value == int(value) and 1 <= value <= _LONGEST else None


def _bytes(encoded: str, expected: int) -> bytes | None:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):  # ValueError: characters beyond ASCII
        return None
    return raw if len(raw) == expected else None
