"""Intervals of many measurements of one method at once: a report has thousands, and each call has its cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from audit.result import Measurement
from audit.stats.average_odds import Rates, shared_tail
from audit.stats.calibration_error import calibration_error
from audit.stats.means import ENOUGH, Sample, mean_limits, of_normal_squares
from audit.stats.proportions import Limits, clopper_pearson

Spans = NDArray[np.float64]
"""(low, high) of each measurement, shape (measurements, 2); NaN where there is nothing to tell."""

Batch = Callable[[Sequence[Measurement], float], Spans]
"""Computes the intervals of measurements of one method at a confidence in (0, 1)."""


def of_rates(combine: Callable[[Rates], Limits]) -> Batch:
    """Make the method that combines the limits of all proportions in ``counts``."""
    return _of_tables(lambda table, tail: combine(_limits(table, tail)))


def of_absolute_gaps(combine: Callable[..., Limits], *tails: float) -> Batch:
    """Make the method that combines them at the whole error, at that of each of two statements, and at ``tails``."""
    return _of_tables(
        lambda table, tail: combine(*(_limits(table, error) for error in (tail, shared_tail(tail), *tails)))
    )


def calibration(measurements: Sequence[Measurement], confidence: float) -> Spans:
    """Bound calibration errors."""
    bins = np.zeros((len(measurements), max(1, *(len(m.counts) for m in measurements)), 3))
    for row, measurement in zip(bins, measurements, strict=True):
        if measurement.counts:
            row[: len(measurement.counts)] = list(measurement.counts.values())
    limits = calibration_error(bins, (1.0 - confidence) / 2.0)
    return np.stack([limits.low, limits.high], axis=-1)


def means(measurements: Sequence[Measurement], confidence: float) -> Spans:
    """Bound means of losses, which are not below 0, nor above the worst of a row where that is known."""
    sample = sample_of(measurements)
    low, high = mean_limits(sample, (1.0 - confidence) / 2.0)
    low = np.where(sample.value >= 0.0, np.maximum(low, 0.0), low)  # what a plug-in measures may be below
    high = np.where(np.isnan(sample.worst), high, np.minimum(high, sample.worst))
    return np.stack([low, high], axis=-1)


def root_means(measurements: Sequence[Measurement], confidence: float) -> Spans:
    """Bound roots of means: the root of the mean's limits, whose standard error the delta method gave."""
    root = sample_of(measurements)
    squares = root._replace(value=root.value**2, se=2.0 * root.value * root.se)
    low, high = mean_limits(squares, (1.0 - confidence) / 2.0)
    few = squares.rows < ENOUGH
    high = np.where(few, np.fmax(high, of_normal_squares(squares, (1.0 - confidence) / 2.0)), high)
    return np.sqrt(np.maximum(np.stack([low, high], axis=-1), 0.0))


def explained(measurements: Sequence[Measurement], confidence: float) -> Spans:
    """Bound 1 - ratio of two means of squares; the lower limit also as that of the ratio's logarithm."""
    from scipy.special import stdtrit

    sample, tail = sample_of(measurements), (1.0 - confidence) / 2.0
    low, high = mean_limits(sample, tail)
    ratio = 1.0 - sample.value
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        reach = -stdtrit(np.maximum(sample.rows - 1.0, 1e-9), tail) * sample.se / ratio
        low = np.minimum(low, np.where(ratio > 0, 1.0 - ratio * np.exp(reach), low))
    return np.stack([low, np.minimum(high, 1.0)], axis=-1)


def sample_of(measurements: Sequence[Measurement]) -> Sample:
    """Return what `counts` and `se` tell of the rows behind means."""
    rows = np.array([m.counts["rows"][0] for m in measurements], np.float64)
    return Sample(
        np.array([m.value for m in measurements], np.float64),
        np.array([np.nan if m.se is None else m.se for m in measurements], np.float64),
        rows,
        np.array([_mean(m, "cubes", 0.0) for m in measurements]),
        np.array([_mean(m, "worst", np.nan) for m in measurements]),
    )


def _mean(measurement: Measurement, name: str, otherwise: float) -> float:
    total, rows = measurement.counts.get(name, (otherwise, 1.0))
    return total / rows if rows else otherwise


def _limits(table: dict[str, NDArray[np.float64]], tail: float) -> Rates:
    successes, trials = (np.stack([part[:, place] for part in table.values()]) for place in range(2))
    limits = clopper_pearson(successes, trials, tail)
    return {name: Limits(*row) for name, *row in zip(table, *limits, strict=True)}


def _of_tables(bound: Callable[[dict[str, NDArray[np.float64]], float], Limits]) -> Batch:
    """Make a method out of one for measurements whose ``counts`` have the same names: [events, rows] of each."""

    def method(measurements: Sequence[Measurement], confidence: float) -> Spans:
        spans = np.full((len(measurements), 2), np.nan)
        alike: dict[tuple[str, ...], list[int]] = {}
        for place, measurement in enumerate(measurements):
            if measurement.counts and all(row[1] > 0 for row in measurement.counts.values()):
                alike.setdefault(tuple(measurement.counts), []).append(place)
        for names, places in alike.items():
            columns = zip(*(measurements[place].counts.values() for place in places), strict=True)
            table = {
                name: np.asarray(column, np.float64) for name, column in zip(names, columns, strict=True)
            }
            limits = bound(table, (1.0 - confidence) / 2.0)
            spans[places] = np.stack([limits.low, limits.high], axis=-1)
        return spans

    return method
