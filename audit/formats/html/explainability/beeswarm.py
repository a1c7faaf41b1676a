"""shap's beeswarm plot from histograms: a strip for each feature, coloured by the feature's values."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from audit.formats.html.charts.axis import Axis, axis
from audit.formats.text.table_records import Record, figure, figures, group_by
from audit.numbers import count, signed

COLUMNS = ("feature", "low", "high", "rows", "value")
HEIGHT = 30
LEVELS = 7
_MIN_HEIGHT = 2.0
_MIN_WIDTH = 0.3
_TAIL = 0.01


@dataclass(frozen=True, slots=True)
class Swarm:
    """The beeswarm strip of one feature, its rows by attribution, in a drawing of 100 by `HEIGHT`.

    ``paths`` are the bins by level of the feature's values, from ``0`` (low) to ``6`` (high); ``x`` if
    these have no order. ``beyond`` are the ends of the axis, left or right, that some rows are beyond.
    """

    desc: str
    paths: dict[str, str]
    beyond: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SwarmBin:
    """Rows with attributions of a feature from ``low`` to ``high``; ``value`` is its level in [0, 1], or None."""

    low: float
    high: float
    rows: float
    value: float | None


def swarms(rows: Sequence[Record], features: Sequence[str]) -> tuple[Axis, dict[str, Swarm]]:
    """Return the attribution axis of all strips, and by name the strips of those ``features`` that have bins."""
    binned = {name: _bins(bins) for name, bins in group_by(rows, "feature").items() if name in features}
    scale = axis([], keep=[*_bulk([b for bins in binned.values() for b in bins]), 0.0])
    return scale, {name: _swarm(bins, scale) for name, bins in binned.items() if bins}


def _bulk(bins: Sequence[SwarmBin]) -> list[float]:
    """Return the ends of the bins between the 1st and 99th percentile of all rows: far ones would flatten the rest."""
    ordered = sorted(bins, key=lambda b: b.low)
    total = sum(b.rows for b in ordered)
    passed = accumulate(b.rows for b in ordered)
    inner = [
        b
        for b, rows in zip(ordered, passed, strict=True)
        if _TAIL * total < rows <= (1 - _TAIL) * total + b.rows
    ]
    return [edge for b in inner for edge in (b.low, b.high)]


def _bins(rows: Sequence[Record]) -> list[SwarmBin]:
    parsed = [(figures(row, "low", "high", "rows"), figure(row, "value")) for row in rows]
    bins = [SwarmBin(cells[0], cells[1], cells[2], value) for cells, value in parsed if cells]
    return [b for b in bins if b.rows > 0 and b.low <= b.high]


def _swarm(bins: Sequence[SwarmBin], scale: Axis) -> Swarm:
    max_rows = max(b.rows for b in bins)
    paths: dict[str, str] = {}
    inside = [b for b in bins if b.high > scale.low and b.low < scale.high]
    for b in inside:
        level = "x" if b.value is None else str(min(LEVELS - 1, max(0, int(b.value * LEVELS))))
        paths[level] = paths.get(level, "") + _box(b, max_rows, scale)
    low = signed(min(b.low for b in bins))
    high = signed(max(b.high for b in bins))
    beyond = sum(b.rows for b in bins) - sum(b.rows for b in inside)
    desc = f"{count(sum(b.rows for b in bins))} rows, from {low} to {high}."
    desc += f" {count(beyond)} beyond the axis." if beyond else ""
    left = any(b.low < scale.low for b in bins)
    right = any(b.high > scale.high for b in bins)
    return Swarm(desc, paths, (*(["left"] if left else []), *(["right"] if right else [])))


def _box(one: SwarmBin, max_rows: float, scale: Axis) -> str:
    # The root keeps the few rows of a tail visible next to the many of the middle.
    height = max(_MIN_HEIGHT, HEIGHT * math.sqrt(one.rows / max_rows))
    start = scale.at(one.low)
    width = max(scale.at(one.high) - start, _MIN_WIDTH)
    return f"M{start:.1f} {(HEIGHT - height) / 2:.1f}h{width:.1f}v{height:.1f}h-{width:.1f}z"
