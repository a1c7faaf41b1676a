"""Interval methods of means whose rows may be skewed, from the rows' first three moments."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from audit.result import Measurement
from audit.stats.interval_method import (
    SIZES,
    UNPAIRED,
    CountsByName,
    Interval,
    RowExtremes,
    Spans,
    one_by_one,
    two_sided,
)
from audit.stats.proportions import Reals, clopper_pearson

MIN_ROWS_FOR_SPREAD = 50.0
"""Rows from which the spread of squared errors is estimated well enough without assuming normal errors."""


class Moments(NamedTuple):
    """Means with the moments of their rows: arrays that broadcast, NaN where something is unknown.

    ``se`` is the standard error of ``value``, ``skewness`` that of the rows, ``worst`` the largest possible row.
    """

    value: Reals
    se: Reals
    rows: Reals
    skewness: Reals
    worst: Reals


def mean_limits(moments: Moments, tail: float) -> tuple[Reals, Reals]:
    """Bound means by the widest of three intervals on each side.

    1. Student's, which is right for symmetric rows. 2. Clopper and Pearson's for the two-point distribution that has
    the rows' mean, variance and skewness: of losses that are 0 or 1 these are the exact limits of their share.
    3. Hall's: Student's on a cubic scale that takes the skewness away, for few rows. With a known ``worst``, the
    upper limit is also not below the one that one more row as bad as ``worst`` gives: among any number of rows, a
    loss rarer than one in so many may not have been seen. As the widest of several that shrink, more rows of the
    same kind never widen it. Where all rows are 0, that limit is ``worst`` times a share's of which none was seen.

    Args:
        moments: of the rows; ``rows`` may be effective ones.
        tail: error on each side, in (0, 0.5).

    Returns:
        Lower and upper limits; NaN without a finite value, a positive standard error (or rows that are all 0, with
        a known ``worst``) and more than one row.

    Source: Hall, Journal of the Royal Statistical Society B 54 (1992) 221-228. The limit with one more row is that of
    Gaffke, Mathematical Methods of Statistics 14 (2005), for the two points in place of the rows.
    """
    # imported here: it takes longer to load than everything else that deciding needs
    from scipy.special import stdtrit

    value, se, rows = moments[:3]
    known = np.isfinite(value) & np.isfinite(se) & (se > 0) & (rows > 1.0)
    moments = moments._replace(se=np.where(known, se, np.nan))
    student = np.asarray(-stdtrit(np.where(known, rows - 1.0, 1.0), tail), np.float64)
    low, high = two_point_limits(moments, tail)
    below, above = _hall(moments.skewness, rows, student)
    low = np.fmin(np.fmin(low, value - moments.se * student), value - moments.se * below)
    high = np.fmax(np.fmax(high, value + moments.se * student), value + moments.se * above)
    all_zero = (value == 0.0) & (se == 0.0) & (rows > 1.0) & (moments.worst > 0.0)
    with_worst = _gaffke(moments._replace(se=np.where(all_zero, 0.0, moments.se)), tail)
    return np.where(all_zero, 0.0, low), np.where(known | all_zero, np.fmax(high, with_worst), high)


def two_point_limits(moments: Moments, tail: float) -> tuple[Reals, Reals]:
    """Bound means by the exact limits of the share of the upper one of two points with the same three moments."""
    share = _upper_share(moments.skewness)
    distance = moments.se * np.sqrt(moments.rows / (share * (1.0 - share)))
    limits = clopper_pearson(moments.rows * share, moments.rows, tail)
    low = moments.value + distance * (limits.low - share)
    return low, moments.value + distance * (limits.high - share)


def normal_squares_limit(moments: Moments, tail: float) -> Reals:
    """Return the upper limit of a mean of squares of normal errors around 0, by chi-squared of as many degrees."""
    from scipy.special import gammaincinv

    known = np.isfinite(moments.se) & (moments.se > 0) & (moments.rows > 1.0)
    half = moments.rows / 2.0
    return np.where(known, moments.value * half / gammaincinv(np.where(known, half, 1.0), tail), np.nan)


def _upper_share(skewness: Reals) -> Reals:
    """Return the probability of the upper one of two points: (1 - 2q) / sqrt(q (1 - q)) is their skewness."""
    return np.asarray(0.5 * (1.0 - skewness / np.sqrt(4.0 + skewness**2)))


def _hall(skewness: Reals, rows: Reals, quantile: Reals) -> tuple[Reals, Reals]:
    """Return the distances of Hall's limits below and above the mean, in standard errors."""
    bend = np.where(skewness == 0.0, 1e-30, skewness) / (3.0 * np.sqrt(rows))
    shift = bend / 2.0
    below, above = (_cbrt1pm1(3.0 * bend * (z - shift)) / bend for z in (quantile, -quantile))
    return np.asarray(below), np.asarray(-above)


def _cbrt1pm1(gain: Reals) -> Reals:
    """Return the cube root of 1 + ``gain``, minus 1, to full precision near ``gain`` = 0."""
    logarithm = np.log1p(np.maximum(gain, -0.5))
    return np.where(gain > -0.5, np.expm1(logarithm / 3.0), np.cbrt(1.0 + gain) - 1.0)


def _gaffke(moments: Moments, tail: float) -> Reals:
    """Return Gaffke's upper limit, its rows replaced by two points with the moments after one more worst row."""
    from scipy.special import betaincinv

    n = moments.rows
    second = moments.se**2 * n
    third = moments.skewness * second**1.5
    shift = (moments.worst - moments.value) / (n + 1.0)
    spread = (n * second + n * shift**2 + (n * shift) ** 2) / (n + 1.0)
    cubed = (n * third - 3.0 * shift * n * second - n * shift**3 + (n * shift) ** 3) / (n + 1.0)
    share = np.clip(_upper_share(cubed / spread**1.5), 1e-12, 1.0 - 1e-12)
    margin = betaincinv((n + 1.0) * share, (n + 1.0) * (1.0 - share), 1.0 - tail) - share
    return np.asarray(moments.value + shift + np.sqrt(spread / (share * (1.0 - share))) * margin)


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


def _worst_of_either(candidate: CountsByName, baseline: CountsByName) -> RowExtremes | None:
    """Return the extremes of a row's difference in losses: the worst of one model, and none of the other."""
    if not (candidate.get("worst", (0.0, 0.0))[1] > 0.0 and baseline.get("worst", (0.0, 0.0))[1] > 0.0):
        return None
    worst, rows = candidate["worst"]
    baseline_worst, baseline_rows = baseline["worst"]
    return RowExtremes(-baseline_worst / baseline_rows, worst / rows, rows)


# The spread at another value is unknown, and influences of rows pair two models.
MEAN_METHODS = (
    two_sided("mean-t", one_by_one(_student), SIZES, best_case=None, pairing=UNPAIRED),
    two_sided(
        "mean-skewed", _losses, SIZES, best_case=None, pairing=replace(UNPAIRED, extremes=_worst_of_either)
    ),
    two_sided("root-mean-skewed", _root_losses, SIZES, best_case=None, pairing=UNPAIRED),
    two_sided("explained-variance", _explained_variance, SIZES, best_case=None, pairing=UNPAIRED),
)
