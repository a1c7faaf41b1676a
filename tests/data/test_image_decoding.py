"""Encoded images: every pixel as it was saved, or an error; nothing is converted with a loss."""

from __future__ import annotations

import struct
import warnings
import zlib
from io import BytesIO
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image

from audit.data.image_decoding import decode
from audit.errors import AuditError
from audit.frameworks.tensorflow_loader import tensorflow

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (7, 5), np.uint8)
COLOUR = RNG.integers(0, 256, (7, 5, 3), np.uint8)
ALPHA = RNG.integers(0, 255, (7, 5, 4), np.uint8)
OPAQUE = np.concatenate([COLOUR, np.full((7, 5, 1), 255, np.uint8)], 2)


def encoded(image: np.ndarray | Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP"])
@pytest.mark.parametrize("values", [GREY, COLOUR])
def test_pixels_are_those_that_were_saved(kind: str, values: np.ndarray) -> None:
    channels = 1 if values.ndim == 2 else 3
    found = decode(encoded(values, kind), channels, "x")
    assert found.dtype == np.uint8 and found.shape == (7, 5, channels)
    np.testing.assert_array_equal(found, values.reshape(7, 5, channels))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_agrees_with_tensorflow(kind: str) -> None:
    smooth = np.linspace(0, 255, 32 * 48 * 3).reshape(32, 48, 3).astype(np.uint8)
    data = encoded(smooth, kind)
    expected = tensorflow().io.decode_image(data, channels=3).numpy().astype(int)
    assert np.abs(decode(data, 3, "x") - expected).max() <= (2 if kind == "JPEG" else 0)


LOSSLESS: dict[str, tuple[np.ndarray | Image.Image, int, np.ndarray]] = {
    "grey to colour": (GREY, 3, np.repeat(GREY[..., None], 3, 2)),
    "black and white": (Image.fromarray(GREY > 99), 1, np.where(GREY > 99, 255, 0)[..., None]),
    "black and white to colour": (
        Image.fromarray(GREY > 99),
        3,
        np.repeat(np.where(GREY > 99, 255, 0)[..., None], 3, 2),
    ),
    "an opaque alpha": (OPAQUE, 3, COLOUR),
    "alpha": (ALPHA, 4, ALPHA),
    "colour to alpha": (COLOUR, 4, OPAQUE),
    "palette": (Image.fromarray(COLOUR // 128 * 255).quantize(8), 3, COLOUR // 128 * 255),
}


@pytest.mark.parametrize("case", LOSSLESS)
def test_what_loses_nothing_is_converted(case: str) -> None:
    image, channels, expected = LOSSLESS[case]
    np.testing.assert_array_equal(decode(encoded(image), channels, "x"), expected)


def test_a_gif_is_a_palette() -> None:
    blocks = COLOUR // 128 * 255
    np.testing.assert_array_equal(decode(encoded(Image.fromarray(blocks).quantize(8), "GIF"), 3, "x"), blocks)


LOSSY: dict[str, tuple[np.ndarray | Image.Image, int, str]] = {
    "colour to grey": (COLOUR, 1, "mode RGB"),
    "alpha to colour": (ALPHA, 3, "mode RGBA"),
    "grey and alpha": (Image.fromarray(ALPHA[..., :2]), 1, "mode LA"),
    "16 bits": (GREY.astype(np.uint16) * 256, 1, "mode I;16"),
}


@pytest.mark.parametrize("case", LOSSY)
def test_what_loses_something_is_refused(case: str) -> None:
    image, channels, found = LOSSY[case]
    with pytest.raises(AuditError, match=found) as caught:
        decode(encoded(image), channels, "data column 'image', row 7")
    assert caught.value.where == "data column 'image', row 7"


def test_cmyk_is_refused() -> None:
    with pytest.raises(AuditError, match="mode CMYK"):
        decode(encoded(Image.new("CMYK", (4, 4)), "JPEG"), 3, "x")


def test_photographs_stay_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    assert decode(encoded(COLOUR, "PNG", exif=exif), 3, "x").shape == (7, 5, 3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP"])
@pytest.mark.parametrize("kept", [0, 3, 20, 0.5])
def test_damaged_files_are_refused(kind: str, kept: float) -> None:
    data = encoded(RNG.integers(0, 256, (40, 40, 3), np.uint8), kind)
    with pytest.raises(AuditError, match="a whole image"):
        decode(data[: int(kept if isinstance(kept, int) else kept * len(data))], 3, "x")


def test_other_bytes_are_refused() -> None:
    for data in (b"text", encoded(COLOUR, "TIFF")):
        with pytest.raises(AuditError, match="bytes of another kind"):
            decode(data, 3, "x")


def test_several_frames_are_refused() -> None:
    frames = [Image.fromarray(GREY), Image.fromarray(GREY[::-1].copy())]
    with pytest.raises(AuditError, match="2 frames"):
        decode(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]), 1, "x")


def claiming(width: int, height: int) -> bytes:
    """Return a PNG whose header, which comes first in the file, says this size."""
    png = encoded(COLOUR)
    header = b"IHDR" + struct.pack(">II", width, height) + png[24:29]
    return png[:12] + header + struct.pack(">I", zlib.crc32(header)) + png[33:]


@pytest.mark.parametrize("action", ["ignore", "error"])
@pytest.mark.parametrize("times", [1, 2])
def test_more_pixels_than_the_limit_are_refused(times: int, action: Literal["ignore", "error"]) -> None:
    """Pillow warns above its limit and raises above twice that: both are errors here, whatever becomes of warnings."""
    assert decode(claiming(5, 7), 3, "x").shape == COLOUR.shape
    pixels = times * (Image.MAX_IMAGE_PIXELS or 0) + 1
    with pytest.raises(AuditError, match=f"{pixels} pixels") as caught, warnings.catch_warnings():
        warnings.simplefilter(action)
        decode(claiming(pixels, 1), 3, "x")
    assert caught.value.where == "x"


def test_channels_that_no_image_has() -> None:
    with pytest.raises(AuditError, match="1, 3 or 4 channels"):
        decode(encoded(GREY), 2, "x")
