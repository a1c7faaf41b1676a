"""Saliency maps of images: the mean attribution by place, and overlays on a few inputs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter

from audit.formats.html.charts.interval_plot import percent
from audit.formats.html.explainability.encoded_maps import AttributionMap, attribution_map, png_url, samples
from audit.formats.html.explainability.row_summary import ROW_COLUMNS, row_label, summary
from audit.formats.text.catalogue import words
from audit.formats.text.safe_text import brief
from audit.formats.text.table_records import Record, figure, text
from audit.numbers import count, number, per_cent

_NAMES = (
    ("upper left", "top", "upper right"),
    ("left", "centre", "right"),
    ("lower left", "bottom", "lower right"),
)
_SIGN_GRID = 8
_MAX_SIGNS = 3
_MIN_SIGNED = 0.25
"""Share of the largest attribution of a part below which a part has no sign."""


@dataclass(frozen=True, slots=True)
class SaliencyMark:
    """A plus or minus sign at a part of a map with large attribution, so that no reader depends on colours."""

    x: str
    y: str
    sign: str


def ninths(attributions: AttributionMap) -> list[tuple[str, float]]:
    """Return the name and the sum of attributions of each ninth of the image; of few rows or columns some have none."""
    return [(_NAMES[row][column], total) for (row, column), total in _sums(attributions, 3, 3).items()]


def marks(attributions: AttributionMap) -> list[SaliencyMark]:
    """Return a plus for each part that raises the output most, and a minus for each that lowers it most."""
    rows = min(_SIGN_GRID, attributions.height)
    columns = min(_SIGN_GRID, attributions.width)
    parts = sorted(_sums(attributions, rows, columns).items(), key=lambda part: -abs(part[1]))
    signed = [(part, total) for part, total in parts if abs(total) >= _MIN_SIGNED * abs(parts[0][1])]
    raising = [part for part, total in signed if total > 0]
    lowering = [part for part, total in signed if total < 0]
    return [
        SaliencyMark(percent(100 * (column + 0.5) / columns), percent(100 * (row + 0.5) / rows), sign)
        for sign, largest in (("+", raising[:_MAX_SIGNS]), ("−", lowering[:_MAX_SIGNS]))
        for row, column in largest
    ]


def _sums(attributions: AttributionMap, rows: int, columns: int) -> dict[tuple[int, int], float]:
    """Return the sum of each (row, column) of a grid of ``rows`` by ``columns`` over the image that has cells."""
    sums: dict[tuple[int, int], float] = {}
    for place, value in enumerate(attributions.values):
        row, column = divmod(place, attributions.width)
        part = (row * rows // attributions.height, column * columns // attributions.width)
        sums[part] = sums.get(part, 0.0) + value
    return sums


MAP = ("feature", "rows", "height", "width", "step", "cells")
COLUMNS = (*ROW_COLUMNS, "feature", "height", "width", "step", "cells", "image", "channels")
WIDTH = 160
# Hues as in the page's style sheet; all are distinct from light and from dark ground.
_RAISING = (217, 95, 2)
_LOWERING = (59, 125, 216)
_MAGNITUDE = (122, 107, 196)


@dataclass(frozen=True, slots=True)
class SaliencyMap:
    """A map of attribution over an image, ``WIDTH`` wide, with its caption and its largest absolute attribution.

    Of one input also the reason for its choice, its place in the data, signs, and its image, ``plain``
    and ``faded``, which are empty if the report has none.
    """

    caption: str
    largest: str
    height: str
    heat: str
    reason: str = ""
    row: str = ""
    plain: str = ""
    faded: str = ""
    marks: tuple[SaliencyMark, ...] = ()


def mean_maps(rows: Sequence[Record]) -> list[SaliencyMap]:
    """Return the maps of the table ``picture_map``, of the mean absolute attribution over all explained rows."""
    return [
        SaliencyMap(
            caption=_caption(attributions, figure(row, "rows")),
            largest=number(attributions.top),
            height=_height(attributions),
            heat=_heat(attributions, _MAGNITUDE, _MAGNITUDE),
        )
        for row in rows
        if (attributions := attribution_map(row))
    ]


def overlays(rows: Sequence[Record]) -> list[SaliencyMap]:
    """Return the maps of the single inputs in the table ``pictures``; one that cannot be decoded is left out."""
    return [_overlay(row, attributions) for row in rows if (attributions := attribution_map(row))]


def _caption(attributions: AttributionMap, rows: float | None) -> str:
    total = sum(attributions.values)
    if total <= 0:
        return ""
    where, part = max(ninths(attributions), key=itemgetter(1))
    key = "saliency" if rows else "saliency_unknown"
    return words("reading", key, rows=count(rows or 0), share=per_cent(part / total), where=where)


def _overlay(row: Record, attributions: AttributionMap) -> SaliencyMap:
    feature = brief(text(row, "feature"))
    width = attributions.width
    image = samples(row, attributions.height, width)
    return SaliencyMap(
        caption=summary(row, [(total, f"{feature} ({where})") for where, total in ninths(attributions)]),
        largest=number(attributions.top),
        height=_height(attributions),
        heat=_heat(attributions, _RAISING, _LOWERING),
        reason=text(row, "why"),
        row=row_label(row),
        plain=png_url(image[0], width, image[1]) if image else "",
        faded=png_url(_faded(*image), width, 1) if image else "",
        marks=tuple(marks(attributions)),
    )


def _height(attributions: AttributionMap) -> str:
    return f"{WIDTH * attributions.height / attributions.width:.0f}"


def _heat(attributions: AttributionMap, positive: Iterable[int], negative: Iterable[int]) -> str:
    """Return the data URL of the map: the larger an attribution, the more opaque its cell."""
    top = attributions.top or 1.0
    pixels = (
        (*(positive if value > 0 else negative), round(255 * abs(value) / top))
        for value in attributions.values
    )
    return png_url(bytes(chain.from_iterable(pixels)), attributions.width, 4)


def _faded(image: bytes, channels: int) -> bytes:
    """Return the image in the lighter half of the greys, as ground for colours, by its luma (BT.601)."""
    if channels == 1:
        return bytes(128 + sample // 2 for sample in image)
    points = zip(image[::3], image[1::3], image[2::3], strict=True)
    return bytes(128 + round(0.299 * r + 0.587 * g + 0.114 * b) // 2 for r, g, b in points)
