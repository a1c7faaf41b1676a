"""Images as data URLs, since the page must not need another file."""

from __future__ import annotations

import base64
from io import BytesIO

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Pillow's modes by number of channels: grey, colours, colours with opacity."""


def png_url(samples: bytes, width: int, channels: int) -> str:
    """Return the data URL of a PNG of ``samples``: bytes by row, column (``width``) and channel (1, 3 or 4)."""
    from PIL import Image  # here: most pages show no picture

    size = (width, len(samples) // (width * channels))
    file = BytesIO()
    Image.frombytes(_MODES[channels], size, samples).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")
