"""Decoding of images (PNG, JPEG, BMP, GIF) to arrays of pixels."""

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from audit.errors import AuditError

if TYPE_CHECKING:
    from PIL.Image import Image

_FORMATS = ("PNG", "JPEG", "BMP", "GIF")
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError)
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_LOSSLESS = {1: ("1", "L"), 3: ("1", "L", "RGB"), 4: ("1", "L", "RGB", "RGBA")}
"""Modes that convert without loss, by channels: grey to three equal ones, black and white to 0 and 255."""


def decode(data: bytes, channels: int, where: str) -> np.ndarray:
    """Return the pixels of an encoded image as they are stored, uint8 ``(height, width, channels)``.

    Conversions are lossless: grey to colour, palettes to their colours, and an alpha channel that
    is opaque everywhere is dropped. EXIF data is not applied, so that turned photographs stay turned. JPEG is
    decoded by Pillow: models that decode in their own graph may see values that differ by one or two.

    Args:
        data: the encoded image.
        channels: 1 (grey), 3 (red, green, blue) or 4 (with alpha).
        where: the image's place in the data, for messages.

    Raises:
        AuditError: the image is damaged, of another kind, has several frames or more pixels than Pillow's limit
            (which protects from files that unpack to gigabytes), or would lose colours, alpha or depth.
    """
    from PIL.Image import DecompressionBombError, DecompressionBombWarning

    if channels not in _MODES:
        raise _unfit(where, "images of 1, 3 or 4 channels", f"{channels}")
    try:
        with _opened(data) as image:
            frames = getattr(image, "n_frames", 1)
            image.load()
            plain = _plain(image)
    except (*_DAMAGED, DecompressionBombError, DecompressionBombWarning) as error:
        raise _unfit(where, f"a whole image: {', '.join(_FORMATS)}", _reason(error)) from None
    if frames > 1:
        raise _unfit(where, "one image", f"{frames} frames")
    if plain.mode not in _LOSSLESS[channels]:
        raise _unfit(where, f"an image that is {_MODES[channels]} without loss", f"mode {plain.mode}")
    pixels = np.asarray(plain.convert(_MODES[channels]))
    return pixels.reshape(*pixels.shape[:2], channels)


def _plain(image: "Image") -> "Image":
    """Return an image without a palette, and without an alpha channel that is opaque everywhere."""
    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode in ("RGBA", "LA") and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert(image.mode.removesuffix("A"))
    return image


def _opened(data: bytes) -> "Image":
    """Return an image whose header is read.

    Raises:
        DecompressionBombError: it has more pixels than Pillow's limit; up to twice that Pillow only warns. Turning
            warnings into errors is no way: their filters belong to the process and all its threads.
    """
    from PIL import Image as pillow

    image = pillow.open(BytesIO(data), formats=_FORMATS)
    pixels = image.width * image.height
    limit = pillow.MAX_IMAGE_PIXELS
    if limit is not None and pixels > limit:
        raise pillow.DecompressionBombError(
            f"Image size ({pixels} pixels) exceeds limit of {limit} pixels, could be decompression bomb DOS attack."
        )
    return image


def _reason(error: Exception) -> str:
    unknown = type(error).__name__ == "UnidentifiedImageError"
    return "bytes of another kind" if unknown else str(error) or type(error).__name__


def _unfit(where: str, expected: str, actual: str) -> AuditError:
    return AuditError(where=where, expected=expected, found=actual, fix="convert or replace the image")
