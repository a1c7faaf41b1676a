"""The record of an interval method: its limits, and all that gate and comparison ask about it."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audit.result import Measurement

Interval = tuple[float, float]
Spans = NDArray[np.float64]
"""(low, high) of each measurement, shape (measurements, 2); NaN where there is no interval."""

Batch = Callable[[Sequence[Measurement], float], Spans]
"""Computes the intervals of measurements of one method at a confidence in (0, 1)."""

CountsByName = Mapping[str, Sequence[float]]
"""``counts`` of a measurement."""

Weights = dict[str, float]
"""A factor for each proportion, by its name in ``counts``."""

IN_PROPORTION: Mapping[str, float] = MappingProxyType({})
"""Growth of counts that are all sums over rows."""


@dataclass(frozen=True)
class Counts:
    """What the ``counts`` of a measurement are, and how they grow with its rows.

    Attributes:
        shape: "proportions", [events, trials] each; "bins", [favourable rows, rows, sum of scores] each, empty bins
            included; "sizes", numbers of rows and sums over rows; None without counts.
        growth: exponent e by the count's name, where f times the rows make f ** e times the count and e is not 1.
            None if more rows of the same kind change the value itself, so that nothing can be foretold.
    """

    shape: Literal["proportions", "bins", "sizes"] | None
    growth: Mapping[str, float] | None


PROPORTIONS = Counts("proportions", IN_PROPORTION)
SIZES = Counts("sizes", IN_PROPORTION)
NO_COUNTS = Counts(None, growth=None)


@dataclass(frozen=True)
class BestCase:
    """The most favourable measurement that the same rows could give.

    Attributes:
        at_value: makes a measurement whose counts are those of a given value.
        at_equality: value of a comparison between groups that are alike; None if the metric compares no groups.
        signed: whether values on both sides of ``at_equality`` occur, each in favour of one group.
    """

    at_value: Callable[[Measurement, float], Measurement]
    at_equality: float | None
    signed: bool


@dataclass(frozen=True)
class RowExtremes:
    """Least and greatest difference of two models' values on one row, and the number of rows behind each value."""

    low: float
    high: float
    rows: float


@dataclass(frozen=True)
class Pairing:
    """How a metric depends on proportions of which candidate and baseline share the rows.

    Attributes:
        weights: factors of a metric that is a weighted sum of the proportions; None for other metrics.
        factors: derivatives of the metric, or of its logarithm, by each proportion at the given proportions.
        gaps: combines the intervals of two absolute differences of rates; None for other metrics.
        correlation: of both models' errors, from their counts and the discordant rows; None if `factors` say it.
        extremes: of a mean over rows, how far candidate and baseline may differ on a row that was not seen, from the
            counts of both; None for other metrics, or if it has no bound.
    """

    weights: Callable[[Collection[str]], Weights] | None
    factors: Callable[[Mapping[str, float]], Weights | None]
    gaps: Callable[[Interval, Interval], Interval] | None
    correlation: Callable[..., float] | None
    extremes: Callable[[CountsByName, CountsByName], RowExtremes | None] | None


UNPAIRED = Pairing(None, lambda means: None, gaps=None, correlation=None, extremes=None)
"""Of a metric that is no function of proportions, or not in a way that is known."""


@dataclass(frozen=True)
class IntervalMethod:
    """An interval method. No field has a default: each method has to answer all of them.

    Attributes:
        name: as in ``Measurement.method`` and in reports.
        intervals: limits of many measurements at once.
        counts: shape and growth of the counts.
        open_side: the side on which the interval stays open, however many rows there are.
        best_case: None if it is unknown, as the spread of a mean at another value.
        pairing: of metrics that are functions of proportions.
    """

    name: str
    intervals: Batch
    counts: Counts
    open_side: Literal["low", "high"] | None
    best_case: BestCase | None
    pairing: Pairing

    def __call__(self, measurement: Measurement, confidence: float) -> Interval | None:
        """Compute (low, high) of one measurement; None where there is no interval."""
        low, high = self.intervals([measurement], confidence)[0]
        return None if math.isnan(low) else (float(low), float(high))


def two_sided(
    name: str, intervals: Batch, counts: Counts, best_case: BestCase | None, pairing: Pairing
) -> IntervalMethod:
    """Make a method without an open side."""
    return IntervalMethod(name, intervals, counts, None, best_case, pairing)


def one_by_one(limits: Callable[[Measurement, float], Interval | None]) -> Batch:
    """Make a `Batch` of a function that computes one interval, or None."""

    def batch(measurements: Sequence[Measurement], confidence: float) -> Spans:
        spans = [limits(measurement, confidence) or (math.nan, math.nan) for measurement in measurements]
        return np.array(spans, np.float64).reshape(-1, 2)

    return batch


def bisect(outside: Callable[[float], bool], start: float, inside: float, halvings: int) -> float:
    """Return where ``outside`` changes between ``start``, where it holds, and ``inside``."""
    for _ in range(halvings):
        middle = (start + inside) / 2.0
        if outside(middle):
            start = middle
        else:
            inside = middle
    return start
