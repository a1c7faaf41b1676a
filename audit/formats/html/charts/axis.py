"""A linear axis with round ends, which one outlier cannot stretch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from audit.formats.html.text.numbers import minus

_INSET = 2.0
_HUGE = 1e150
_STEPS = 5


@dataclass(frozen=True, slots=True)
class Axis:
    """The range that a chart shows. ``ticks`` are (value, label), rising."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    def at(self, value: float) -> float:
        """Return the place of ``value`` in per cent of the chart's width; what lies beyond is on the edge."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return _INSET + share * (100 - 2 * _INSET)

    def shows(self, value: float) -> bool:
        """Whether ``value`` lies within the axis."""
        return self.low <= value <= self.high


def axis(
    values: Iterable[float],
    intervals: Iterable[tuple[float, float]] = (),
    keep: Iterable[float] = (),
    low: float | None = None,
    high: float | None = None,
) -> Axis:
    """Make the axis for ``values``; it shows all of ``keep``, and ends at the metric's ``low`` and ``high``.

    Values beyond Tukey's far fences and intervals longer than the span of the values are cut at the edge:
    one tiny group would otherwise press all others into a corner.
    """
    core = _fenced([v for v in values if abs(v) < _HUGE]) + [v for v in keep if abs(v) < _HUGE]
    first, last = (min(core), max(core)) if core else (0.0, 1.0)
    room = max(last - first, _least_span(first, last))
    ends = [end for ci in intervals for end in ci if first - room <= end <= last + room]
    first, last = min([first, *ends]), max([last, *ends])
    if last - first < _least_span(first, last):
        first, last = _widened(first, last, room / 2, low, high)
    return _rounded(first, last, low, high)


def _widened(
    first: float, last: float, by: float, low: float | None, high: float | None
) -> tuple[float, float]:
    """Give values that lie together some room, but none where the metric cannot be."""
    start = max(first - by, low) if low is not None and low <= first else first - by
    stop = min(last + by, high) if high is not None and high >= last else last + by
    return start, stop


def _fenced(values: list[float]) -> list[float]:
    if len(values) < 5:
        return values
    ranked = sorted(values)
    q1, q3 = ranked[len(ranked) // 4], ranked[-1 - len(ranked) // 4]
    reach = 3 * (q3 - q1)
    return [v for v in ranked if q1 - reach <= v <= q3 + reach] if reach > 0 else ranked


def _least_span(first: float, last: float) -> float:
    return max(0.02, 0.02 * max(abs(first), abs(last)))


def _rounded(first: float, last: float, low: float | None, high: float | None) -> Axis:
    unit = 10.0 ** math.floor(math.log10((last - first) / _STEPS))
    step, start, stop = next(_grids(first, last, unit))
    ticks = [float(f"{k * step:.12g}") for k in range(start, stop + 1)]
    bottom = max(ticks[0], low) if low is not None and low <= first else min(ticks[0], first)
    top = min(ticks[-1], high) if high is not None and high >= last else max(ticks[-1], last)
    shown = [t for t in ticks if bottom <= t <= top]
    return Axis(bottom, top, tuple((t, _tick(t, step)) for t in shown))


def _grids(first: float, last: float, unit: float) -> Iterator[tuple[float, int, int]]:
    """Yield every round grid over the range that has few enough steps, the finest first."""
    for step in (factor * unit for factor in (1, 2, 2.5, 5, 10, 20)):
        start, stop = math.floor(first / step + 1e-9), math.ceil(last / step - 1e-9)
        if 0 < stop - start <= _STEPS:
            yield step, start, stop


def _tick(value: float, step: float) -> str:
    if abs(value) >= 1e6 or step < 1e-6:
        return minus(f"{value:.3g}")
    decimals = next(d for d in range(8) if abs(step * 10**d - round(step * 10**d)) < 1e-4)
    text = f"{value:,.{decimals}f}"
    return minus(text if float(text.replace(",", "")) else f"{0:.{decimals}f}")
