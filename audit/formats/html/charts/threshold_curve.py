"""A chart of a metric over the decision threshold: a line with its confidence band for each group."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median

from audit.formats.html.charts.axis import Axis, axis
from audit.formats.html.charts.interval_plot import percent
from audit.formats.html.charts.plot_marks import Guides, Span
from audit.formats.html.charts.scale import Scale, equidistant, thinned
from audit.numbers import interval, number, written

HEIGHT = 200
_MAX_TICKS = 6


@dataclass(frozen=True, slots=True)
class Point:
    """A metric's value at one decision threshold; ``ci`` may have an infinite end, and is None if unknown."""

    threshold: float
    value: float
    ci: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class ThresholdValues:
    """A group's values of a metric by rising threshold, and that at the threshold in use, the operating point."""

    name: str
    points: Sequence[Point]
    operating_point: Point

    @property
    def thresholds(self) -> list[float]:
        """The thresholds of all points."""
        return [point.threshold for point in self.points]


@dataclass(frozen=True, slots=True)
class ThresholdCurve:
    """One group's line and confidence band, 100 by `HEIGHT`; ``value`` and ``ci`` are at the operating point.

    ``marks`` are the places, in per cent and pixels, of the value there and of the line's end.
    """

    name: str
    value: str
    ci: str
    path: str
    band: str
    marks: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ThresholdChart:
    """A metric over the threshold: ``ticks_y`` are (y, text), ``ticks_x`` (x, text), ``allowed`` is the limit's band.

    ``operating_point`` is the threshold in use as (x, text); ``even`` if thresholds are not to scale.
    """

    title: str
    desc: str
    curves: list[ThresholdCurve]
    ticks_y: list[tuple[str, str]]
    ticks_x: list[tuple[str, str]]
    operating_point: tuple[str, str]
    limits: list[str]
    allowed: Span | None
    ideal: str | None
    even: bool


def threshold_chart(
    title: str, lines: Sequence[ThresholdValues], vertical: Axis, guides: Guides
) -> ThresholdChart:
    """Return the chart of ``lines``, all over the same thresholds, on the ``vertical`` axis."""
    thresholds = lines[0].thresholds
    threshold = lines[0].operating_point.threshold
    linear = axis([thresholds[0], thresholds[-1]])
    even = _crowded(thresholds)
    ticks = [(t, number(t)) for t in thinned(thresholds, _MAX_TICKS)] if even else linear.ticks
    scale = Scale(equidistant(thresholds) if even else linear.at, vertical, HEIGHT)
    return ThresholdChart(
        title=title,
        desc=f"Thresholds from {written(thresholds[0])} to {written(thresholds[-1])}; "
        f"axis from {number(vertical.low)} to {number(vertical.high)}. At {written(threshold)}: "
        + ", ".join(f"{line.name} {number(line.operating_point.value)}" for line in lines)
        + ".",
        curves=[_curve(line, scale) for line in lines],
        ticks_y=scale.ticks(),
        ticks_x=[(percent(scale.x(value)), text) for value, text in ticks],
        operating_point=(percent(scale.x(threshold)), written(threshold)),
        limits=[y for end in guides.bounds_within() if (y := scale.height_of(end)) is not None],
        allowed=_allowed(scale, guides),
        ideal=scale.height_of(guides.ideal),
        even=even,
    )


def vertical_axis(
    lines: Sequence[ThresholdValues], guides: Guides, low: float | None = None, high: float | None = None
) -> Axis:
    """Return the axis that shows the values at all thresholds, far ones cut, and the limits of the policy."""
    points = [point for line in lines for point in line.points if math.isfinite(point.value)]
    operating = [line.operating_point.value for line in lines if math.isfinite(line.operating_point.value)]
    keep = [*operating, *guides.bounds_within(low, high)]
    return axis([p.value for p in points], [p.ci for p in points if p.ci], keep, low, high)


def _crowded(thresholds: Sequence[float]) -> bool:
    """Return whether most thresholds would crowd in a corner of a linear axis."""
    gaps = [b - a for a, b in pairwise(thresholds)]
    return bool(gaps) and median(gaps) < 0.5 * sum(gaps) / len(gaps)


def _curve(line: ThresholdValues, scale: Scale) -> ThresholdCurve:
    runs = [list(run) for known, run in groupby(line.points, lambda p: math.isfinite(p.value)) if known]
    bands = [list(run) for known, run in groupby(line.points, lambda p: p.ci is not None) if known]
    marked = [line.operating_point, *([runs[-1][-1]] if runs else [])]
    return ThresholdCurve(
        name=line.name,
        value=number(line.operating_point.value),
        ci=interval(line.operating_point.ci, ""),
        path="".join(scale.path([(p.threshold, p.value) for p in run], 0) for run in runs),
        band="".join(scale.path(_outline(run), 0) + "z" for run in bands if len(run) > 1),
        marks=[scale.point(p.threshold, p.value) for p in marked if scale.vertical.shows(p.value)],
    )


def _outline(run: Sequence[Point]) -> list[tuple[float, float]]:
    """Return the corners of a band: along the upper ends, and back along the lower ones."""
    upper = [(p.threshold, p.ci[1]) for p in run if p.ci]
    lower = [(p.threshold, p.ci[0]) for p in run if p.ci]
    return [*upper, *reversed(lower)]


def _allowed(scale: Scale, guides: Guides) -> Span | None:
    if guides.bounds is None:
        return None
    low, high = guides.bounds
    top = 0.0 if high > scale.vertical.high else scale.y(high)
    bottom = scale.height if low < scale.vertical.low else scale.y(low)
    return Span(f"{top:.1f}", f"{max(bottom - top, 0.0):.1f}")
