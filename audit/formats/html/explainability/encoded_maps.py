"""Attribution maps and images in base64: decoded from a report's tables, encoded as data URLs of PNGs."""

import base64
import binascii
import struct
from dataclasses import dataclass
from io import BytesIO

from audit.formats.text.table_records import Record, figure, text

_MAX_SIDE = 64
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Pillow's modes by number of channels: grey, colours, colours with opacity."""


@dataclass(frozen=True, slots=True)
class AttributionMap:
    """The attribution of each cell of an image, row after row."""

    height: int
    width: int
    values: list[float]

    @property
    def top(self) -> float:
        """The greatest absolute attribution of a cell."""
        return max(abs(value) for value in self.values)


def attribution_map(row: Record) -> AttributionMap | None:
    """Return the map in columns ``height``, ``width``, ``step`` and ``cells`` (16-bit, in steps); None if invalid."""
    height = _side(row, "height")
    width = _side(row, "width")
    step = figure(row, "step")
    if height is None or width is None or step is None or step < 0:
        return None
    raw = _bytes(text(row, "cells"), 2 * height * width)
    values = [step * steps for (steps,) in struct.iter_unpack("<h", raw or b"")]
    return AttributionMap(height, width, values) if values else None


def samples(row: Record, height: int, width: int) -> tuple[bytes, int] | None:
    """Return the image's samples (column ``image``), and the number of channels (1 or 3); None if invalid."""
    channels = figure(row, "channels")
    if channels not in (1, 3):
        return None
    raw = _bytes(text(row, "image"), height * width * int(channels))
    return None if raw is None else (raw, int(channels))


def png_url(samples: bytes, width: int, channels: int) -> str:
    """Return the data URL of a PNG of ``samples``: bytes by row, column (``width``) and channel (1, 3 or 4)."""
    from PIL import Image  # here: most pages show no picture

    size = (width, len(samples) // (width * channels))
    file = BytesIO()
    Image.frombytes(_MODES[channels], size, samples).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _side(row: Record, key: str) -> int | None:
    value = figure(row, key)
    return int(value) if value is not None and value == int(value) and 1 <= value <= _MAX_SIDE else None


def _bytes(encoded: str, expected: int) -> bytes | None:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):  # ValueError: characters beyond ASCII
        return None
    return raw if len(raw) == expected else None
