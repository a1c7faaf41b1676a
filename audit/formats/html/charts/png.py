"""PNG images as data URLs, since the page must not need another file."""

from __future__ import annotations

import base64
from io import BytesIO

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Pillow's modes by number of channels: grey, colours, colours with opacity."""


def png(samples: bytes, width: int, channels: int) -> bytes:
    """Return an image as a PNG file.

    Args:
        samples: bytes by row, column and channel, of whole rows.
        width: number of columns.
        channels: 1 (grey), 3 (colours) or 4 (colours and opacity).
    """
    from PIL import Image  # here: most pages show no picture

    size = (width, len(samples) // (width * channels))
    file = BytesIO()
    Image.frombytes(_MODES[channels], size, samples).save(file, "PNG")
    return file.getvalue()


def address(samples: bytes, width: int, channels: int) -> str:
    """Return an image (see `png`) as a data URL."""
    return "data:image/png;base64," + base64.b64encode(png(samples, width, channels)).decode("ascii")
