"""The pictures that a model reads: their shape, and the range of the numbers that it takes for pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.errors import AuditError, Skip, quote_list
from audit.inputs.features import Features
from audit.inputs.feeds import Feed
from audit.inputs.image_feeds import EncodedPictures

_RANGES = ((0.0, 1.0), (0.0, 255.0), (-1.0, 1.0))
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Pictures:
    """The one picture column of a model, whose numbers are all that its matrix of features holds.

    ``shape`` is (height, width, channels); ``low`` and ``high`` are the least and the greatest number of a pixel,
    and ``evidence`` says where they are from.
    """

    column: str
    shape: tuple[int, int, int]
    low: float
    high: float
    evidence: str


def find_pictures(
    features: Features, feeds: Sequence[Feed], pixels: Sequence[float] | None
) -> Pictures | None:
    """Return the pictures that the model reads, None where it reads a table.

    Args:
        features: sampled rows.
        feeds: what the model's inputs are made of.
        pixels: the range that the policy gives under ``data.pixels``.

    Raises:
        AuditError: the numbers lie outside ``pixels``, or leave the range open.
        Skip: the model reads pictures beside other columns.
    """
    shown = [column.name for column in features.columns if column.shape is not None]
    if not shown:
        return None
    if len(features.columns) > 1:
        every = [column.name for column in features.columns]
        raise Skip(
            f"the model reads pictures ({quote_list(shown)}) among several columns ({quote_list(every)}): "
            "neither units nor attributions of all together are defined here; "
            "audit a signature that takes one picture alone"
        )
    column = features.columns[0]
    height, width, *channels = column.shape or ()
    low, high, evidence = _range(features, feeds[0], pixels)
    return Pictures(column.name, (height, width, channels[0] if channels else 1), low, high, evidence)


def _range(features: Features, feed: Feed, pixels: Sequence[float] | None) -> tuple[float, float, str]:
    matrices = (features.data.matrix, features.background.matrix)
    seen = float(min(m.min() for m in matrices)), float(max(m.max() for m in matrices))
    if isinstance(feed, EncodedPictures) or feed.dtype.name == "uint8":
        if pixels is not None and (pixels[0], pixels[1]) != (0, 255):
            raise _open(
                "pixels from 0 to 255, which is what 8-bit inputs and files hold", (pixels[0], pixels[1])
            )
        return 0.0, 255.0, "8-bit pixels"
    if pixels is None and feed.dtype.is_integer:
        raise _open(f"data.pixels for whole numbers of type {feed.dtype.name}", seen)
    if pixels is not None:
        if not _inside(seen, (pixels[0], pixels[1])):
            raise _open(f"pixels from {pixels[0]:g} to {pixels[1]:g}, as data.pixels says", seen)
        return pixels[0], pixels[1], "data.pixels"
    found = next((given for given in _RANGES if _inside(seen, given)), None)
    if found is None:
        raise _open("pixels from 0 to 1, 0 to 255 or -1 to 1, or data.pixels in the policy", seen)
    return *found, "the numbers of the data"


def _inside(seen: tuple[float, float], given: tuple[float, float]) -> bool:
    room = _TOLERANCE * (given[1] - given[0])
    return given[0] - room <= seen[0] and seen[1] <= given[1] + room


def _open(expected: str, seen: tuple[float, float]) -> AuditError:
    return AuditError(
        where="data.pixels",
        expected=expected,
        found=f"numbers from {seen[0]:g} to {seen[1]:g}",
        fix="set data.pixels: [LEAST, GREATEST] to the range that the model takes",
    )
