"""shap's beeswarm from counts: of each feature a strip, as high as there are rows, coloured by their values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.charts.axis import Axis, axis
from audit.formats.html.text.numbers import count, signed
from audit.formats.html.text.table_records import Record, by, figure, figures

COLUMNS = ("feature", "low", "high", "rows", "value")
HEIGHT = 30
LEVELS = 7
_LEAST_HEIGHT, _LEAST_WIDTH = 2.0, 0.3


@dataclass(frozen=True, slots=True)
class Swarm:
    """The strip of one feature in a drawing of 100 by `HEIGHT`.

    ``paths`` are the bins by level, from ``0`` (low values) to ``6`` (high values); ``x`` where values
    have no order.
    """

    desc: str
    paths: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Bin:
    low: float
    high: float
    rows: float
    value: float | None


def swarms(rows: Sequence[Record], features: Sequence[str]) -> tuple[Axis, dict[str, Swarm]]:
    """Return the axis that all strips share, and the strips of those of ``features`` that have bins."""
    wanted = set(features)
    found = {name: _bins(bins) for name, bins in by(rows, "feature").items() if name in wanted}
    edges = [edge for bins in found.values() for b in bins for edge in (b.low, b.high)]
    scale = axis([], keep=[*edges, 0.0])
    return scale, {name: _swarm(bins, scale) for name, bins in found.items() if bins}


def _bins(rows: Sequence[Record]) -> list[_Bin]:
    read = [(figures(row, "low", "high", "rows"), figure(row, "value")) for row in rows]
    bins = [_Bin(cells[0], cells[1], cells[2], value) for cells, value in read if cells]
    return [b for b in bins if b.rows > 0 and b.low <= b.high]


def _swarm(bins: Sequence[_Bin], scale: Axis) -> Swarm:
    most = max(b.rows for b in bins)
    paths: dict[str, str] = {}
    for b in bins:
        paths[_level(b.value)] = paths.get(_level(b.value), "") + _path(b, most, scale)
    total, low, high = sum(b.rows for b in bins), min(b.low for b in bins), max(b.high for b in bins)
    return Swarm(f"{count(total)} rows, from {signed(low)} to {signed(high)}.", paths)


def _path(one: _Bin, most: float, scale: Axis) -> str:
    # The root keeps the few rows of a tail in sight beside the many of the middle.
    height = max(_LEAST_HEIGHT, HEIGHT * math.sqrt(one.rows / most))
    start = scale.at(one.low)
    width = max(scale.at(one.high) - start, _LEAST_WIDTH)
    return f"M{start:.1f} {(HEIGHT - height) / 2:.1f}h{width:.1f}v{height:.1f}h-{width:.1f}z"


def _level(value: float | None) -> str:
    return "x" if value is None else str(min(LEVELS - 1, max(0, int(value * LEVELS))))
