"""The image column of a model: its shape, and the pixel range that the model takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from audit.errors import AuditError, Skip, quote_list
from audit.inputs.features import Features
from audit.inputs.feeds import Feed
from audit.inputs.image_feeds import EncodedPictures

_TOLERANCE = 1e-6  # of a range's width


class _PixelRange(NamedTuple):
    """Least and greatest number of a pixel, and the source of these."""

    low: float
    high: float
    evidence: str

    def covers(self, low: float, high: float) -> bool:
        tolerance = _TOLERANCE * (self.high - self.low)
        return self.low - tolerance <= low and high <= self.high + tolerance


_8_BIT = _PixelRange(0.0, 255.0, "8-bit pixels")
_COMMON = tuple(
    _PixelRange(low, high, "the numbers of the data") for low, high in ((0.0, 1.0), (0.0, 255.0), (-1.0, 1.0))
)


@dataclass(frozen=True)
class Pictures:
    """The only column of a model that reads images; the matrix of features holds its pixels.

    ``shape`` is (height, width, channels); ``low`` and ``high`` are the least and the greatest number of a pixel,
    and ``evidence`` is the source of these.
    """

    column: str
    shape: tuple[int, int, int]
    low: float
    high: float
    evidence: str


def find_pictures(
    features: Features, feeds: Sequence[Feed], pixels: Sequence[float] | None
) -> Pictures | None:
    """Return the image column that the model reads, or None if it reads a table.

    Args:
        features: features of sampled rows.
        feeds: feeds of the model's inputs.
        pixels: the pixel range of the policy, ``data.pixels``.

    Raises:
        AuditError: the numbers are outside of ``pixels``, or leave the range open.
        Skip: the model reads images in addition to other columns.
    """
    images = [column.name for column in features.columns if column.shape is not None]
    if not images:
        return None
    if len(features.columns) > 1:
        names = [column.name for column in features.columns]
        raise Skip(
            f"the model reads pictures ({quote_list(images)}) among several columns ({quote_list(names)}): "
            "neither units nor attributions of all together are defined here; "
            "audit a signature that takes one picture alone"
        )
    column = features.columns[0]
    height, width, *channels = column.shape or ()
    pixel_range = _pixel_range(features, feeds[0], pixels)
    return Pictures(column.name, (height, width, channels[0] if channels else 1), *pixel_range)


def _pixel_range(features: Features, feed: Feed, pixels: Sequence[float] | None) -> _PixelRange:
    matrices = (features.data.matrix, features.background.matrix)
    low = float(min(matrix.min() for matrix in matrices))
    high = float(max(matrix.max() for matrix in matrices))
    if isinstance(feed, EncodedPictures) or feed.dtype.name == "uint8":
        if pixels is not None and (pixels[0], pixels[1]) != (0, 255):
            raise _wrong_range(
                "pixels from 0 to 255, which is what 8-bit inputs and files hold", pixels[0], pixels[1]
            )
        return _8_BIT
    if pixels is not None:
        declared = _PixelRange(pixels[0], pixels[1], "data.pixels")
        if not declared.covers(low, high):
            raise _wrong_range(f"pixels from {pixels[0]:g} to {pixels[1]:g}, as data.pixels says", low, high)
        return declared
    if feed.dtype.is_integer:
        raise _wrong_range(f"data.pixels for whole numbers of type {feed.dtype.name}", low, high)
    for common in _COMMON:
        if common.covers(low, high):
            return common
    raise _wrong_range("pixels from 0 to 1, 0 to 255 or -1 to 1, or data.pixels in the policy", low, high)


def _wrong_range(expected: str, low: float, high: float) -> AuditError:
    return AuditError(
        where="data.pixels",
        expected=expected,
        found=f"numbers from {low:g} to {high:g}",
        fix="set data.pixels: [LEAST, GREATEST] to the range that the model takes",
    )
