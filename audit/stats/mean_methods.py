"""Interval methods of means, from the rows' number, spread and skewness."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from audit.result import Measurement
from audit.stats.interval_method import SIZES, UNPAIRED, Batch, Interval, IntervalMethod, Spans, one_by_one
from audit.stats.means import MIN_ROWS_FOR_SPREAD, Moments, mean_limits, normal_squares_limit


def _student(measurement: Measurement, confidence: float) -> Interval | None:
    """Compute Student's interval; None for less than two rows, or when no spread was seen among them."""
    from scipy.special import stdtrit

    (rows,) = measurement.counts["rows"]
    se = measurement.se
    if not (se is not None and 0.0 < se < math.inf and rows > 1 and math.isfinite(measurement.value)):
        return None
    half = -float(stdtrit(rows - 1.0, (1.0 - confidence) / 2.0)) * se
    return measurement.value - half, measurement.value + half


def _losses(measurements: Sequence[Measurement], confidence: float) -> Spans:
    """Bound means of losses, which are not below 0, nor above the worst of a row where that is known."""
    moments = _moments(measurements)
    low, high = mean_limits(moments, (1.0 - confidence) / 2.0)
    low = np.where(moments.value >= 0.0, np.maximum(low, 0.0), low)  # what a plug-in measures may be below
    high = np.where(np.isnan(moments.worst), high, np.minimum(high, moments.worst))
    return np.stack([low, high], axis=-1)


def _root_losses(measurements: Sequence[Measurement], confidence: float) -> Spans:
    """Bound roots of means: the root of the mean's limits, whose standard error the delta method gave."""
    root = _moments(measurements)
    squares = root._replace(value=root.value**2, se=2.0 * root.value * root.se)
    low, high = mean_limits(squares, (1.0 - confidence) / 2.0)
    few = squares.rows < MIN_ROWS_FOR_SPREAD
    high = np.where(few, np.fmax(high, normal_squares_limit(squares, (1.0 - confidence) / 2.0)), high)
    return np.sqrt(np.maximum(np.stack([low, high], axis=-1), 0.0))


def _explained_variance(measurements: Sequence[Measurement], confidence: float) -> Spans:
    """Bound 1 - ratio of two means of squares; the lower limit also as that of the ratio's logarithm."""
    from scipy.special import stdtrit

    moments = _moments(measurements)
    tail = (1.0 - confidence) / 2.0
    low, high = mean_limits(moments, tail)
    ratio = 1.0 - moments.value
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        margin = -stdtrit(np.maximum(moments.rows - 1.0, 1e-9), tail) * moments.se / ratio
        low = np.minimum(low, np.where(ratio > 0, 1.0 - ratio * np.exp(margin), low))
    return np.stack([low, np.minimum(high, 1.0)], axis=-1)


def _moments(measurements: Sequence[Measurement]) -> Moments:
    return Moments(
        np.array([m.value for m in measurements], np.float64),
        np.array([np.nan if m.se is None else m.se for m in measurements], np.float64),
        np.array([m.counts["rows"][0] for m in measurements], np.float64),
        np.array([_row_mean(m, "cubes", 0.0) for m in measurements]),
        np.array([_row_mean(m, "worst", np.nan) for m in measurements]),
    )


def _row_mean(measurement: Measurement, name: str, default: float) -> float:
    total, rows = measurement.counts.get(name, (default, 1.0))
    return total / rows if rows else default


def _method(name: str, intervals: Batch) -> IntervalMethod:
    """Make the record: the spread at another value is unknown, and influences of rows pair two models."""
    return IntervalMethod(name, intervals, SIZES, open_side=None, best_case=None, pairing=UNPAIRED)


MEAN_METHODS = (
    _method("mean-t", one_by_one(_student)),
    _method("mean-skewed", _losses),
    _method("root-mean-skewed", _root_losses),
    _method("explained-variance", _explained_variance),
)
