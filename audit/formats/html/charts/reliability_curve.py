"""The reliability curve: what was predicted against what was observed, from the counts of bins."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.charts.axis import Axis
from audit.formats.html.charts.scale import SHARES, Scale
from audit.formats.text.catalogue import words
from audit.numbers import count, interval, number
from audit.result import Measurement

SIDE = 240
_MAX_RADIUS = 7.0
_MIN_RADIUS = 2.0
_SCALE = Scale(Axis(0.0, 1.0, length=SIDE, inset=0.0).at, SHARES, SIDE)


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One bin of predictions on the curve: place and interval in the drawing's units, its numbers as text."""

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
    """The reliability curve of a model on all rows or one group: observed against predicted shares, in bins.

    ``sentence`` has the numbers of the bin in which both differ most.
    """

    metric: str
    sentence: str
    path: str
    bins: list[ReliabilityBin]


def reliability(measurement: Measurement, confidence: float) -> Reliability | None:
    """Return the reliability curve of ``measurement``, or None if that was not made from bins of predictions.

    Each bin's observed share has its own Clopper-Pearson interval at ``confidence``, in (0, 1).
    """
    import numpy as np  # late, with what needs it: importing what draws takes none of both

    from audit.stats.methods import method_named
    from audit.stats.proportions import clopper_pearson

    usable = [(name, counts) for name, counts in measurement.counts.items() if _usable(counts)]
    if method_named(measurement.method).counts.shape != "bins" or not usable:
        return None
    rising = sorted(usable, key=lambda item: item[1][2] / item[1][1])
    observed, rows, _ = np.asarray([counts for _, counts in rising], np.float64).T
    limits = clopper_pearson(observed, rows, (1.0 - confidence) / 2.0)
    cis = zip(limits.low.tolist(), limits.high.tolist(), strict=True)
    max_rows = max(float(rows.max()), 1.0)
    return Reliability(
        metric=measurement.metric,
        sentence=_sentence(rising),
        path=_SCALE.path((predicted / n, positive / n) for _, (positive, n, predicted) in rising),
        bins=[
            _bin(name, *counts, ci=ci, max_rows=max_rows)
            for (name, counts), ci in zip(rising, cis, strict=True)
        ],
    )


def _sentence(bins: Sequence[tuple[str, Sequence[float]]]) -> str:
    name, (observed, rows, predicted) = max(bins, key=lambda item: abs(item[1][0] - item[1][2]) / item[1][1])
    numbers = {"observed": number(observed / rows), "predicted": number(predicted / rows)}
    return words("reading", "reliability", bin=name, rows=count(rows), **numbers)


def _usable(counts: Sequence[float]) -> bool:
    if len(counts) != 3 or not all(map(math.isfinite, counts)):
        return False
    observed, rows, predicted = counts
    return rows > 0 and 0 <= observed <= rows and 0 <= predicted <= rows


def _bin(
    name: str, observed: float, rows: float, predicted: float, *, ci: tuple[float, float], max_rows: float
) -> ReliabilityBin:
    x = predicted / rows
    y = observed / rows
    return ReliabilityBin(
        x=f"{_SCALE.x(x):.1f}",
        y=f"{_SCALE.y(y):.1f}",
        bar=(f"{_SCALE.y(ci[1]):.1f}", f"{_SCALE.y(ci[0]):.1f}"),
        # Its area, not its radius, is in proportion to the rows.
        radius=f"{max(_MIN_RADIUS, _MAX_RADIUS * math.sqrt(rows / max_rows)):.1f}",
        name=name,
        rows=count(rows),
        predicted=number(x),
        observed=number(y),
        ci=interval(ci),
    )
