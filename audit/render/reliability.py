"""The reliability curve: what was predicted against what was observed, from the counts of bins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from audit.render.figures import count, number
from audit.result import Measurement

METHOD = "calibration-bins"
"""The method whose ``counts`` are ``{bin: [observed, rows, sum of predictions]}``."""

SIDE = 240
_LARGEST, _LEAST = 7.0, 2.0


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin: its place in the drawing's units, and its numbers as text."""

    x: str
    y: str
    radius: str
    name: str
    rows: str
    predicted: str
    observed: str


@dataclass(frozen=True, slots=True)
class Reliability:
    """The curve of one measurement, its bins by rising prediction."""

    metric: str
    path: str
    bins: list[Bin]


def reliability(measurement: Measurement) -> Reliability | None:
    """Return the curve, or None if ``measurement`` was not made from bins of predictions."""
    if measurement.method != METHOD:
        return None
    usable = {name: cell for name, cell in measurement.counts.items() if _usable(cell)}
    most = max((rows for _, rows, _ in usable.values()), default=1.0)
    rising = sorted(usable.items(), key=lambda item: item[1][2] / item[1][1])
    bins = [_bin(name, *cell, most=most) for name, cell in rising]
    path = "L".join(f"{b.x} {b.y}" for b in bins)
    return Reliability(measurement.metric, f"M{path}", bins) if bins else None


def _usable(cell: Sequence[float]) -> bool:
    if len(cell) != 3 or not all(math.isfinite(c) for c in cell):
        return False
    observed, rows, predicted = cell
    return rows > 0 and 0 <= observed <= rows and 0 <= predicted <= rows


def _bin(name: str, observed: float, rows: float, predicted: float, *, most: float) -> Bin:
    x, y = predicted / rows, observed / rows
    return Bin(
        x=f"{SIDE * x:.1f}",
        y=f"{SIDE * (1 - y):.1f}",
        radius=f"{max(_LEAST, _LARGEST * math.sqrt(rows / most)):.1f}",  # area, not radius, speaks of rows
        name=name,
        rows=count(rows),
        predicted=number(x),
        observed=number(y),
    )
