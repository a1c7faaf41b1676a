"""A chart of a metric over the decision threshold: a line a group, its interval as a band, the chosen one marked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median

from audit.formats.html.charts.axis import Axis, axis
from audit.formats.html.charts.interval_plot import percent
from audit.formats.html.charts.plot_marks import Guides
from audit.formats.html.text.numbers import interval, number, written

HEIGHT = 200
_LABELS = 6


@dataclass(frozen=True, slots=True)
class Point:
    """A metric at one threshold; ``ci`` may have an infinite end, and is None where none is known."""

    threshold: float
    value: float
    ci: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Swept:
    """A group's values by rising threshold, and the one at the chosen threshold."""

    name: str
    points: Sequence[Point]
    chosen: Point


@dataclass(frozen=True, slots=True)
class Curve:
    """One group's line and band, in a drawing of 100 by `HEIGHT`; ``value`` and ``ci`` are at the chosen threshold.

    ``marks`` are the places, in per cent and pixels, of the value there and of the line's end.
    """

    name: str
    value: str
    ci: str
    path: str
    band: str
    marks: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Sweep:
    """One chart. ``across`` are (y, text), ``up`` (x, text); ``within`` is the limit's band as (y, height)."""

    title: str
    desc: str
    curves: list[Curve]
    across: list[tuple[str, str]]
    up: list[tuple[str, str]]
    chosen: tuple[str, str]
    limits: list[str]
    within: tuple[str, str] | None
    ideal: str | None
    even: bool


def sweep(title: str, lines: Sequence[Swept], scale: Axis, guides: Guides) -> Sweep:
    """Draw ``lines``, all over the same thresholds, on the vertical ``scale``."""
    thresholds = [point.threshold for point in lines[0].points]
    place, ticks, even = _across(thresholds)
    chosen = lines[0].chosen.threshold
    return Sweep(
        title=title,
        desc=f"Thresholds from {written(thresholds[0])} to {written(thresholds[-1])}; axis from {number(scale.low)} "
        f"to {number(scale.high)}. At {written(chosen)}: "
        + ", ".join(f"{line.name} {number(line.chosen.value)}" for line in lines)
        + ".",
        curves=[_curve(line, place, scale) for line in lines],
        across=[(f"{_down(scale, value):.1f}", text) for value, text in scale.ticks],
        up=ticks,
        chosen=(percent(place(chosen)), written(chosen)),
        limits=[f"{_down(scale, end):.1f}" for end in guides.finite_bounds if scale.shows(end)],
        within=_within(scale, guides),
        ideal=_shown(scale, guides.ideal),
        even=even,
    )


def vertical(
    lines: Sequence[Swept], guides: Guides, low: float | None = None, high: float | None = None
) -> Axis:
    """Return the scale that shows the values at all thresholds, far ones cut, and the limits of the policy."""
    points = [point for line in lines for point in line.points if math.isfinite(point.value)]
    kept = [line.chosen.value for line in lines if math.isfinite(line.chosen.value)]
    ends = [
        end for end in guides.finite_bounds if (low is None or end >= low) and (high is None or end <= high)
    ]
    return axis([p.value for p in points], [p.ci for p in points if p.ci], [*kept, *ends], low, high)


def _across(thresholds: Sequence[float]) -> tuple[Callable[[float], float], list[tuple[str, str]], bool]:
    """Return where each threshold stands in per cent, and the ticks: to scale, unless most crowd in a corner."""
    gaps = [b - a for a, b in pairwise(thresholds)]
    if not gaps or median(gaps) >= 0.5 * sum(gaps) / len(gaps):
        scale = axis([thresholds[0], thresholds[-1]])
        return scale.at, [(percent(scale.at(value)), text) for value, text in scale.ticks], False
    order = {threshold: i for i, threshold in enumerate(thresholds)}
    even = Axis(0.0, len(thresholds) - 1.0, ())
    step = -(-len(thresholds) // _LABELS)
    ticks = [(percent(even.at(i)), number(t)) for t, i in order.items() if i % step == 0]
    return lambda threshold: even.at(order[threshold]), ticks, True


def _curve(line: Swept, place: Callable[[float], float], scale: Axis) -> Curve:
    runs = [list(run) for known, run in groupby(line.points, lambda p: math.isfinite(p.value)) if known]
    bands = [list(run) for known, run in groupby(line.points, lambda p: p.ci is not None) if known]
    marked = [line.chosen, *([runs[-1][-1]] if runs else [])]
    return Curve(
        name=line.name,
        value=number(line.chosen.value),
        ci=interval(line.chosen.ci) if line.chosen.ci else "",
        path="".join(_path([(place(p.threshold), p.value) for p in run], scale) for run in runs),
        band="".join(_path(_around(run, place), scale) + "z" for run in bands if len(run) > 1),
        marks=[
            (percent(place(p.threshold)), at) for p in marked if (at := _shown(scale, p.value)) is not None
        ],
    )


def _around(run: Sequence[Point], place: Callable[[float], float]) -> list[tuple[float, float]]:
    """Return the corners of a band: along the upper ends, and back along the lower ones."""
    upper = [(place(p.threshold), p.ci[1]) for p in run if p.ci]
    lower = [(place(p.threshold), p.ci[0]) for p in run if p.ci]
    return [*upper, *reversed(lower)]


def _path(corners: Sequence[tuple[float, float]], scale: Axis) -> str:
    return "M" + "L".join(f"{x:.1f} {_down(scale, value):.0f}" for x, value in corners)


def _down(scale: Axis, value: float) -> float:
    """Return the pixels from the top; what lies beyond the scale is at its edge."""
    return HEIGHT * (1 - scale.at(value) / 100)


def _shown(scale: Axis, value: float | None) -> str | None:
    return f"{_down(scale, value):.1f}" if value is not None and scale.shows(value) else None


def _within(scale: Axis, guides: Guides) -> tuple[str, str] | None:
    if guides.bounds is None:
        return None
    low, high = guides.bounds
    top = 0.0 if high > scale.high else _down(scale, high)
    bottom = float(HEIGHT) if low < scale.low else _down(scale, low)
    return f"{top:.1f}", f"{max(bottom - top, 0.0):.1f}"
