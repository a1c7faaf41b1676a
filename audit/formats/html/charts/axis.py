"""A linear axis with round ends, which one outlier cannot stretch."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from audit.numbers import minus
from audit.result import Measurement, MetricFacts

_MAX_VALUE = 1e150
_MAX_STEPS = 5


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear axis of a chart: ``low`` to ``high`` along ``length`` units, of which ``inset`` are free at each end.

    ``ticks`` are (value, label), rising.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...] = ()
    length: float = 100.0
    inset: float = 2.0

    def at(self, value: float) -> float:
        """Return the place of ``value`` in units of ``length``: values beyond are at the edge, NaN at the low one."""
        share = (min(self.high, max(self.low, value)) - self.low) / (self.high - self.low)
        return self.inset + share * (self.length - 2 * self.inset)

    def shows(self, value: float) -> bool:
        """Return whether ``value`` is within the range of the axis."""
        return self.low <= value <= self.high


def axis(
    values: Iterable[float],
    intervals: Iterable[tuple[float, float]] = (),
    keep: Iterable[float] = (),
    low: float | None = None,
    high: float | None = None,
) -> Axis:
    """Return an axis that fits ``values``; it shows all of ``keep``, and ends at the metric's ``low`` and ``high``.

    Values beyond Tukey's far fences and intervals longer than the span of the values are cut at the edge:
    one tiny group would otherwise press all others into a corner.
    """
    core = _fenced([v for v in values if abs(v) < _MAX_VALUE]) + [v for v in keep if abs(v) < _MAX_VALUE]
    first = min(core, default=0.0)
    last = max(core, default=1.0)
    room = max(last - first, _min_span(first, last))
    ends = [end for ci in intervals for end in ci if first - room <= end <= last + room]
    first = min([first, *ends])
    last = max([last, *ends])
    if last - first < _min_span(first, last):
        # Values close together get some room, but none where the metric cannot be.
        start = max(first - room / 2, low) if low is not None and low <= first else first - room / 2
        last = min(last + room / 2, high) if high is not None and high >= last else last + room / 2
        first = start
    return _rounded(first, last, low, high)


def measurement_axis(measurements: Sequence[Measurement], facts: MetricFacts, keep: Iterable[float]) -> Axis:
    """Return an axis that fits measurements of one metric and their baselines; it shows all of ``keep``."""
    values = [m.value for m in measurements] + [m.baseline.value for m in measurements if m.baseline]
    return axis(values, [m.ci for m in measurements if m.ci], keep, facts.low, facts.high)


def _fenced(values: list[float]) -> list[float]:
    if len(values) < 5:
        return values
    ranked = sorted(values)
    q1 = ranked[len(ranked) // 4]
    q3 = ranked[-1 - len(ranked) // 4]
    reach = 3 * (q3 - q1)
    return [v for v in ranked if q1 - reach <= v <= q3 + reach] if reach > 0 else ranked


def _min_span(first: float, last: float) -> float:
    return max(0.02, 0.02 * max(abs(first), abs(last)))


def _rounded(first: float, last: float, low: float | None, high: float | None) -> Axis:
    unit = 10.0 ** math.floor(math.log10((last - first) / _MAX_STEPS))
    step, start, stop = next(_grids(first, last, unit))
    ticks = [float(f"{k * step:.12g}") for k in range(start, stop + 1)]
    bottom = max(ticks[0], low) if low is not None and low <= first else min(ticks[0], first)
    top = min(ticks[-1], high) if high is not None and high >= last else max(ticks[-1], last)
    return Axis(bottom, top, tuple((tick, _label(tick, step)) for tick in ticks if bottom <= tick <= top))


def _grids(first: float, last: float, unit: float) -> Iterator[tuple[float, int, int]]:
    """Yield step, first and last multiple of every round grid of few enough steps over the range, finest first."""
    for step in (factor * unit for factor in (1, 2, 2.5, 5, 10, 20)):
        start = math.floor(first / step + 1e-9)
        stop = math.ceil(last / step - 1e-9)
        if 0 < stop - start <= _MAX_STEPS:
            yield step, start, stop


def _label(value: float, step: float) -> str:
    if abs(value) >= 1e6 or step < 1e-6:
        return minus(f"{value:.3g}")
    decimals = next(d for d in range(8) if abs(step * 10**d - round(step * 10**d)) < 1e-4)
    text = f"{value:,.{decimals}f}"
    return minus(text if float(text.replace(",", "")) else f"{0:.{decimals}f}")
