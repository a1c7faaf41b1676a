"""The reliability curve: what was predicted against what was observed, from the counts of bins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.text.numbers import count, interval, number
from audit.result import Measurement

METHOD = "calibration-bins"
"""The method whose ``counts`` are ``{bin: [observed, rows, sum of predictions]}``."""

SIDE = 240
_LARGEST, _LEAST = 7.0, 2.0


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin: its place and its interval in the drawing's units, and its numbers as text."""

    x: str
    y: str
    bar: tuple[str, str]
    radius: str
    name: str
    rows: str
    predicted: str
    observed: str
    ci: str


@dataclass(frozen=True, slots=True)
class Reliability:
    """The curve of one measurement, its bins by rising prediction."""

    metric: str
    path: str
    bins: list[Bin]


def reliability(measurement: Measurement, confidence: float) -> Reliability | None:
    """Return the curve, or None if ``measurement`` was not made from bins of predictions.

    The observed share of each bin stands in its own Clopper-Pearson interval at ``confidence``, in (0, 1).
    """
    import numpy as np  # late, with what needs it: importing what draws takes none of both

    from audit.stats.proportions import clopper_pearson

    usable = [(name, cell) for name, cell in measurement.counts.items() if _usable(cell)]
    if measurement.method != METHOD or not usable:
        return None
    rising = sorted(usable, key=lambda item: item[1][2] / item[1][1])
    observed, rows, _ = np.asarray([cell for _, cell in rising], np.float64).T
    limits = clopper_pearson(observed, rows, (1.0 - confidence) / 2.0)
    ends = zip(limits.low.tolist(), limits.high.tolist(), strict=True)
    most = max(float(rows.max()), 1.0)
    bins = [_bin(name, *cell, ci=ci, most=most) for (name, cell), ci in zip(rising, ends, strict=True)]
    path = "L".join(f"{b.x} {b.y}" for b in bins)
    return Reliability(measurement.metric, f"M{path}", bins)


def _usable(cell: Sequence[float]) -> bool:
    if len(cell) != 3 or not all(math.isfinite(c) for c in cell):
        return False
    observed, rows, predicted = cell
    return rows > 0 and 0 <= observed <= rows and 0 <= predicted <= rows


def _bin(
    name: str, observed: float, rows: float, predicted: float, *, ci: tuple[float, float], most: float
) -> Bin:
    x, y = predicted / rows, observed / rows
    return Bin(
        x=f"{SIDE * x:.1f}",
        y=_up(y),
        bar=(_up(ci[1]), _up(ci[0])),
        radius=f"{max(_LEAST, _LARGEST * math.sqrt(rows / most)):.1f}",  # area, not radius, speaks of rows
        name=name,
        rows=count(rows),
        predicted=number(x),
        observed=number(y),
        ci=interval(ci),
    )


def _up(share: float) -> str:
    return f"{SIDE * (1 - share):.1f}"
