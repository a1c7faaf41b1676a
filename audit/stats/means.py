"""Limits of the mean of skewed rows, from their first three moments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

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
