"""Where in a picture attributions lie: in words, by ninths, and as signs, by finer parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from audit.formats.html.charts.interval_plot import percent
from audit.formats.html.explainability.encoded_maps import Cells

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
