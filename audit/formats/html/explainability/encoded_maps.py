"""Attribution maps and thumbnails, decoded from the base64 cells of a report's tables."""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass

from audit.formats.html.text.table_records import Record, figure, text

_MAX_SIDE = 64


@dataclass(frozen=True, slots=True)
class AttributionMap:
    """The attribution of each cell of an image, row after row."""

    height: int
    width: int
    values: list[float]

    @property
    def top(self) -> float:
        """The greatest absolute value."""
        return max(abs(value) for value in self.values)


def attribution_map(row: Record) -> AttributionMap | None:
    """Return the map in ``height``, ``width``, ``step`` and ``cells`` (16-bit, in steps); None if invalid."""
    height = _side(row, "height")
    width = _side(row, "width")
    step = figure(row, "step")
    if height is None or width is None or step is None or step < 0:
        return None
    raw = _bytes(text(row, "cells"), 2 * height * width)
    if raw is None:
        return None
    return AttributionMap(
        height, width, [step * steps for steps in struct.unpack(f"<{height * width}h", raw)]
    )


def samples(row: Record, height: int, width: int) -> tuple[bytes, int] | None:
    """Return the bytes in the column ``image``, and the number of channels (1 or 3); None if invalid."""
    channels = figure(row, "channels")
    if channels not in (1, 3):
        return None
    raw = _bytes(text(row, "image"), height * width * int(channels))
    return None if raw is None else (raw, int(channels))


def _side(row: Record, key: str) -> int | None:
    value = figure(row, key)
    return int(value) if value is not None and value == int(value) and 1 <= value <= _MAX_SIDE else None


def _bytes(encoded: str, expected: int) -> bytes | None:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):  # ValueError: characters beyond ASCII
        return None
    return raw if len(raw) == expected else None
