"""Limits of a mean whose rows are skewed, from the first three moments of what the rows add to it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from audit.stats.proportions import Reals, clopper_pearson

ENOUGH = 50.0
"""Rows from which squared errors tell by themselves how large they can be."""


class Sample(NamedTuple):
    """What is known of the rows behind means: arrays that broadcast, NaN where something is not known.

    ``se`` is the standard error of ``value``, ``skewness`` that of the rows, ``worst`` the most that a row could be.
    """

    value: Reals
    se: Reals
    rows: Reals
    skewness: Reals
    worst: Reals


def mean_limits(sample: Sample, tail: float) -> tuple[Reals, Reals]:
    """Bound means by the wider of three intervals on each side.

    1. Student's, which is right for symmetric rows. 2. Clopper and Pearson's for the two-point distribution that has
    the rows' mean, variance and skewness: of losses that are 0 or 1 these are the exact limits of their share.
    3. Hall's: Student's on a cubic scale that takes the skewness away, for few rows. With a known ``worst``, the
    upper limit is also not below the one that one more row as bad as ``worst`` gives: among any number of rows, a
    loss rarer than one in so many may not have been seen. As the widest of several that shrink, more rows of the
    same kind never widen it. Where all rows are 0, that limit is ``worst`` times a share's of which none was seen.

    Args:
        sample: ``rows`` may be effective ones.
        tail: error on each side, in (0, 0.5).

    Returns:
        Lower and upper limits; NaN without a finite value, a positive standard error (or rows that are all 0, with
        a known ``worst``) and more than one row.

    Source: Hall, Journal of the Royal Statistical Society B 54 (1992) 221-228. The limit with one more row is that of
    Gaffke, Mathematical Methods of Statistics 14 (2005), for the two points in place of the rows.
    """
    # imported here: it takes longer to load than everything else that deciding needs
    from scipy.special import stdtrit

    value, se, rows = sample[:3]
    known = np.isfinite(value) & np.isfinite(se) & (se > 0) & (rows > 1.0)
    sample = sample._replace(se=np.where(known, se, np.nan))
    student = np.asarray(-stdtrit(np.where(known, rows - 1.0, 1.0), tail), np.float64)
    low, high = two_point_limits(sample, tail)
    below, above = _hall(sample.skewness, rows, student)
    low = np.fmin(np.fmin(low, value - sample.se * student), value - sample.se * below)
    high = np.fmax(np.fmax(high, value + sample.se * student), value + sample.se * above)
    faultless = (value == 0.0) & (se == 0.0) & (rows > 1.0) & (sample.worst > 0.0)
    worse = _with_worst(sample._replace(se=np.where(faultless, 0.0, sample.se)), tail)
    return np.where(faultless, 0.0, low), np.where(known | faultless, np.fmax(high, worse), high)


def two_point_limits(sample: Sample, tail: float) -> tuple[Reals, Reals]:
    """Bound means by the exact limits of the share of the upper one of two points with the same three moments."""
    share = _upper_share(sample.skewness)
    apart = sample.se * np.sqrt(sample.rows / (share * (1.0 - share)))
    limits = clopper_pearson(sample.rows * share, sample.rows, tail)
    return sample.value + apart * (limits.low - share), sample.value + apart * (limits.high - share)


def of_normal_squares(sample: Sample, tail: float) -> Reals:
    """Return the upper limit of a mean of squares of normal errors around 0, by chi-squared of as many degrees."""
    from scipy.special import gammaincinv

    known = np.isfinite(sample.se) & (sample.se > 0) & (sample.rows > 1.0)
    half = sample.rows / 2.0
    return np.where(known, sample.value * half / gammaincinv(np.where(known, half, 1.0), tail), np.nan)


def _upper_share(skewness: Reals) -> Reals:
    """Return the probability of the upper one of two points: (1 - 2q) / sqrt(q (1 - q)) is their skewness."""
    return np.asarray(0.5 * (1.0 - skewness / np.sqrt(4.0 + skewness**2)))


def _hall(skewness: Reals, rows: Reals, quantile: Reals) -> tuple[Reals, Reals]:
    """Return how many standard errors Hall's limits lie below and above the mean."""
    bend = np.where(skewness == 0.0, 1e-30, skewness) / (3.0 * np.sqrt(rows))
    shift = bend / 2.0
    below, above = (_uncubed(3.0 * bend * (z - shift)) / bend for z in (quantile, -quantile))
    return np.asarray(below), np.asarray(-above)


def _uncubed(gain: Reals) -> Reals:
    """Return the cube root of 1 + ``gain``, less 1, to the last digit where ``gain`` is next to nothing."""
    logarithm = np.log1p(np.maximum(gain, -0.5))
    return np.where(gain > -0.5, np.expm1(logarithm / 3.0), np.cbrt(1.0 + gain) - 1.0)


def _with_worst(sample: Sample, tail: float) -> Reals:
    """Return Gaffke's upper limit, its rows replaced by two points with the moments that one worst row more leaves."""
    from scipy.special import betaincinv

    n, far = sample.rows, sample.worst - sample.value
    second = sample.se**2 * n
    third = sample.skewness * second**1.5
    shift = far / (n + 1.0)
    spread = (n * second + n * shift**2 + (n * shift) ** 2) / (n + 1.0)
    cubed = (n * third - 3.0 * shift * n * second - n * shift**3 + (n * shift) ** 3) / (n + 1.0)
    share = np.clip(_upper_share(cubed / spread**1.5), 1e-12, 1.0 - 1e-12)
    reach = betaincinv((n + 1.0) * share, (n + 1.0) * (1.0 - share), 1.0 - tail) - share
    return np.asarray(sample.value + shift + np.sqrt(spread / (share * (1.0 - share))) * reach)
