"""Attributions of pictures: where outputs rest on over all rows, and overlays of a few inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from audit.formats.html.charts.interval_plot import percent
from audit.formats.html.charts.png import address
from audit.formats.html.explainability.encoded_maps import Cells, cells, samples
from audit.formats.html.explainability.row_summary import Part, story
from audit.formats.html.text.numbers import count, number, per_cent
from audit.formats.html.text.table_records import Record, figure, text

_NAMES = (
    ("upper left", "top", "upper right"),
    ("left", "centre", "right"),
    ("lower left", "bottom", "lower right"),
)
_PARTS = 8
_MOST, _LEAST = 3, 0.25
"""Signs of a kind, and the least size of what one stands for, as a share of the greatest."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign at the place of a part that moves the output most, so that colours are not needed to tell it."""

    x: str
    y: str
    sign: str


def ninths(found: Cells) -> list[tuple[str, float]]:
    """Return the name and the sum of each ninth of the picture; of few rows or columns some have none."""
    return [(_NAMES[row][column], total) for row, column, total in _sums(found, 3, 3)]


def marks(found: Cells) -> list[Mark]:
    """Return a plus for each part that raises the output most, and a minus for each that lowers it most."""
    rows, columns = min(_PARTS, found.height), min(_PARTS, found.width)
    parts = sorted(_sums(found, rows, columns), key=lambda part: -abs(part[2]))
    chosen = [part for part in parts if part[2] and abs(part[2]) >= _LEAST * abs(parts[0][2])]
    signs = (("+", [p for p in chosen if p[2] > 0]), ("−", [p for p in chosen if p[2] < 0]))
    return [
        Mark(percent(100 * (column + 0.5) / columns), percent(100 * (row + 0.5) / rows), sign)
        for sign, own in signs
        for row, column, _ in own[:_MOST]
    ]


def _sums(found: Cells, rows: int, columns: int) -> Iterator[tuple[int, int, float]]:
    """Yield the row, the column and the sum of each part that has cells, where a picture is cut into equal ones."""
    sums: dict[tuple[int, int], float] = {}
    for place, value in enumerate(found.values):
        row, column = divmod(place, found.width)
        part = (row * rows // found.height, column * columns // found.width)
        sums[part] = sums.get(part, 0.0) + value
    yield from ((*part, total) for part, total in sums.items())


MAP = ("feature", "rows", "height", "width", "step", "cells")
COLUMNS = (
    *("case", "why", "row", "score", "label", "predicted", "base", "output", "feature"),
    *("height", "width", "step", "cells", "image", "channels"),
)
WIDTH = 160
_RAISES, _LOWERS, _SIZE = (217, 95, 2), (59, 125, 216), (122, 107, 196)
"""The first two in hue like the page's own; all stand apart from light and from dark ground."""

Colour = Callable[[float], tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A map as drawn, ``WIDTH`` wide; ``plain`` and ``beneath`` are empty where the report holds no image."""

    height: str
    heat: str
    plain: str = ""
    beneath: str = ""
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class PictureMap:
    """The mean size of the attribution at each place of the picture, over all explained rows."""

    sentence: str
    most: str
    picture: Picture


@dataclass(frozen=True, slots=True)
class Overlay:
    """One input: why it is shown, its place in the data, words and picture; ``most`` is the greatest size."""

    why: str
    row: str
    words: str
    most: str
    picture: Picture


def picture_maps(rows: Sequence[Record]) -> list[PictureMap]:
    """Return the maps of the table ``picture_map``; one that cannot be read is left out."""
    return [_map(row, found) for row in rows if (found := cells(row))]


def overlays(rows: Sequence[Record]) -> list[Overlay]:
    """Return the inputs of the table ``pictures`` in order; one that cannot be read is left out."""
    return [_overlay(row, found) for row in rows if (found := cells(row))]


def _map(row: Record, found: Cells) -> PictureMap:
    picture = Picture(_height(found), _heat(found, lambda _: _SIZE))
    return PictureMap(_sentence(found, figure(row, "rows")), number(found.top), picture)


def _sentence(found: Cells, rows: float | None) -> str:
    total = sum(found.values)
    if total <= 0:
        return ""
    where, part = max(ninths(found), key=lambda ninth: ninth[1])
    over = f"Over {count(rows)} rows" if rows else "Over the rows"
    return f"{over}, {per_cent(part / total)} of the attributions' mean size lies in the {where} ninth of the picture."


def _overlay(row: Record, found: Cells) -> Overlay:
    parts = [Part(text(row, "feature"), where, amount) for where, amount in ninths(found)]
    place, image = figure(row, "row"), samples(row, found.height, found.width)
    return Overlay(
        why=text(row, "why"),
        row=f"row {int(place)}" if place is not None else "",
        words=story(row, parts),
        most=number(found.top),
        picture=Picture(
            height=_height(found),
            heat=_heat(found, lambda value: _RAISES if value > 0 else _LOWERS),
            plain=address(image[0], found.width, image[1]) if image else "",
            beneath=address(_faded(*image), found.width, 1) if image else "",
            marks=tuple(marks(found)),
        ),
    )


def _height(found: Cells) -> str:
    return f"{WIDTH * found.height / found.width:.0f}"


def _heat(found: Cells, colour: Colour) -> str:
    """Return the address of the map: the greater a number, the less is seen through it."""
    top = found.top or 1.0
    points = ((*colour(value), round(255 * abs(value) / top)) for value in found.values)
    return address(bytes(part for point in points for part in point), found.width, 4)


def _faded(image: bytes, channels: int) -> bytes:
    """Return the image in the lighter half of the greys, on which colours are seen, by its luma (BT.601)."""
    if channels == 1:
        return bytes(128 + sample // 2 for sample in image)
    points = zip(image[::3], image[1::3], image[2::3], strict=True)
    return bytes(128 + round(0.299 * r + 0.587 * g + 0.114 * b) // 2 for r, g, b in points)
