"""The image column of a model: its shape, and the pixel range that the model takes."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.errors import AuditError, Setting, Skip, quote_list
from audit.inputs.features import Features
from audit.inputs.feeds import Feed
from audit.inputs.image_feeds import ImageFileFeed

_COMMON_RANGES = ((0.0, 1.0), (0.0, 255.0), (-1.0, 1.0))
_TOLERANCE = 1e-6  # of a range's width


@dataclass(frozen=True)
class ImageColumn:
    """The image column of a model that reads no other; the matrix of features holds its pixels.

    ``shape`` is (height, width, channels); ``low`` and ``high`` are the least and the greatest number of a pixel,
    and ``evidence`` is the source of these.
    """

    column: str
    shape: tuple[int, int, int]
    low: float
    high: float
    evidence: str


def find_image_column(
    features: Features, feeds: Sequence[Feed], pixels: Sequence[float] | None
) -> ImageColumn | None:
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
    shape = (height, width, channels[0] if channels else 1)
    return ImageColumn(column.name, shape, *_pixel_range(features, feeds[0], pixels))


def _pixel_range(features: Features, feed: Feed, pixels: Sequence[float] | None) -> tuple[float, float, str]:
    """Return the least and the greatest number of a pixel, and the source of these."""
    matrices = (features.data.matrix, features.background.matrix)
    low = float(min(matrix.min() for matrix in matrices))
    high = float(max(matrix.max() for matrix in matrices))
    if isinstance(feed, ImageFileFeed) or feed.dtype.name == "uint8":
        if pixels is not None and (pixels[0], pixels[1]) != (0, 255):
            expected = "pixels from 0 to 255, which is what 8-bit inputs and files hold"
            raise _wrong_range(expected, pixels[0], pixels[1])
        return 0.0, 255.0, "8-bit pixels"
    if pixels is not None:
        if not _covers(pixels[0], pixels[1], low, high):
            raise _wrong_range(f"pixels from {pixels[0]:g} to {pixels[1]:g}, as data.pixels says", low, high)
        return pixels[0], pixels[1], "data.pixels"
    if feed.dtype.is_integer:
        raise _wrong_range(f"data.pixels for whole numbers of type {feed.dtype.name}", low, high)
    for common in _COMMON_RANGES:
        if _covers(*common, low, high):
            return *common, "the numbers of the data"
    raise _wrong_range("pixels from 0 to 1, 0 to 255 or -1 to 1, or data.pixels in the policy", low, high)


def _covers(minimum: float, maximum: float, low: float, high: float) -> bool:
    tolerance = _TOLERANCE * (maximum - minimum)
    return minimum - tolerance <= low and high <= maximum + tolerance


def _wrong_range(expected: str, low: float, high: float) -> AuditError:
    pixels = Setting("data.pixels", "[LEAST, GREATEST]", complete=False)
    return AuditError(
        where="data.pixels",
        expected=expected,
        found=f"numbers from {low:g} to {high:g}",
        fix=f"set {pixels} to the range that the model takes",
        settings=[pixels],
    )
