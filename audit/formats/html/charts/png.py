"""Small pictures as PNG inside the page, which must not need another file."""

from __future__ import annotations

import base64
from io import BytesIO

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Pillow's names, by channels: grey, red-green-blue, and that with opacity."""


def png(samples: bytes, width: int, channels: int) -> bytes:
    """Return the file of a picture.

    Args:
        samples: bytes by row, column and channel, of whole rows.
        width: columns.
        channels: 1 (grey), 3 (colours) or 4 (colours and opacity).
    """
    from PIL import Image  # here: most pages show no picture

    size = (width, len(samples) // (width * channels))
    file = BytesIO()
    Image.frombytes(_MODES[channels], size, samples).save(file, "PNG")
    return file.getvalue()


def address(samples: bytes, width: int, channels: int) -> str:
    """Return a picture as the address that an image element takes (see `png`)."""
    return "data:image/png;base64," + base64.b64encode(png(samples, width, channels)).decode("ascii")
