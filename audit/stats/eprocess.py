"""E-processes: evidence against a null hypothesis that may be looked at after every batch, for ever.

An e-process is a non-negative process that has expectation 1 at most under the null hypothesis at every stopping time.
By Ville's inequality the probability that it ever reaches 1 / alpha is alpha at most, so that no look has to be
planned. Averages of e-processes are e-processes, however they depend on each other.

Each is a product of factors, one a batch, that is started anew at every batch: an average over the batches at which a
change may have begun, so that a change after a year is found almost as fast as one on the first day.

Sources: Ramdas, Gruenwald, Vovk and Shafer, Statistical Science 38 (2023), for e-processes and Ville's inequality;
Shin, Ramdas and Rinaldo, "E-detectors", New England Journal of Statistics in Data Science 2 (2024), for the sum over
starts. All functions are vectorized over the leading dimensions, and factors are logarithms.
"""

import numpy as np

from audit.stats.proportions import Reals

CALIBRATORS = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
DISCOUNTS = np.array([0.5, 0.9])
"""Weights of earlier batches in the alternative, from each to the next: for a sudden and for a slow change."""
_PRIOR = 0.5  # Jeffreys'
_LEAST_TAIL = 1e-280  # below, the quotient of two tails has no digits left
_HALVINGS = 60


def advance(log_sum: Reals, batches: Reals, log_factor: Reals) -> Reals:
    """Return the logarithm of the sum over starts after one more batch.

    Args:
        log_sum: the sum before; minus infinity before the first batch.
        batches: number of batches before this one.
        log_factor: logarithm of this batch's factor.
    """
    starts = np.log(_unstarted(batches) - _unstarted(batches + 1.0))
    return np.asarray(np.logaddexp(log_sum, starts) + log_factor)


def log_e_value(log_sum: Reals, batches: Reals) -> Reals:
    """Return the logarithm of the e-value: the sum over starts, and the weight of those that are still to come."""
    return np.asarray(np.logaddexp(log_sum, np.log(_unstarted(batches))))


def _unstarted(batches: Reals) -> Reals:
    """Return the weight of all starts from the batch of this number on, 1 at 0; it falls as slowly as 1 / log."""
    return np.asarray(1.0 / (1.0 + np.log1p(batches)))


def log_mean(log_values: Reals, axis: int | tuple[int, ...] | None = None) -> Reals:
    """Return the logarithm of the mean of values that are given by their logarithms."""
    top = np.max(log_values, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.mean(np.exp(log_values - top), axis=axis)) + np.squeeze(top, axis))


def bernoulli_factor(
    events: Reals, trials: Reals, past_events: Reals, past_trials: Reals, highest: Reals
) -> Reals:
    """Return the log factor of a batch against "the probability of an event is ``highest`` at most".

    The likelihood of the batch under a beta distribution of the probability, truncated to what is above ``highest``,
    over its likelihood at ``highest``. The distribution is Jeffreys' prior after the past counts, so that without
    discount the product over all batches is the mixture of Robbins (1970) over a truncated prior. It is 0 where there
    is nothing to test: ``highest`` is 1, or the past says that the probability is far below.

    Args:
        events: number of events in this batch.
        trials: number of its rows.
        past_events: those of earlier batches, possibly discounted: they choose the alternative only.
        past_trials: likewise.
        highest: greatest probability under the null hypothesis, in (0, 1].
    """
    from scipy.special import betainc, betaln

    a = past_events + _PRIOR
    b = past_trials - past_events + _PRIOR
    misses = trials - events
    limit = np.clip(highest, 1e-12, 1.0 - 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        # the tail above the limit as that of the misses below: SciPy's betaincc takes three to ten times as long
        before = betainc(b, a, 1.0 - limit)
        gain = betaln(a + events, b + misses) + np.log(betainc(b + misses, a + events, 1.0 - limit))
        gain = gain - betaln(a, b) - np.log(before)
        factor = gain - events * np.log(limit) - misses * np.log1p(-limit)
    testable = (highest < 1.0) & (before > _LEAST_TAIL) & (trials > 0)
    return np.where(testable, factor, 0.0)


def comparison_factor(counts: Reals, past: Reals, slope: Reals, intercept: Reals) -> Reals:
    """Return the log factor of a batch against "p1 - slope * p2 is ``intercept`` or more", of two groups.

    ``slope`` 1 tests a difference, and ``intercept`` 0 a ratio. The likelihood of both groups' rows at the past
    probabilities, over that at their projection on the null hypothesis: the point of the hypothesis with the least
    Kullback-Leibler divergence. Since the hypothesis is convex, the quotient is an e-variable for any numbers of rows.
    It is 0 where the past agrees with the hypothesis, as before the first batch.

    Args:
        counts: (..., 4): events and trials of group 1, then of group 2, in this batch.
        past: (..., 4): the same of earlier batches, possibly discounted.
        slope: above 0.
        intercept: between -slope and 1.

    Source: Turner, Ly and Gruenwald, "Generic e-variables for exact sequential k-sample tests that allow for optional
    stopping", Journal of Statistical Planning and Inference 230 (2024).
    """
    rates = (past[..., 0::2] + _PRIOR) / (past[..., 1::2] + 2.0 * _PRIOR)
    one, two = rates[..., 0], rates[..., 1]
    null_one, null_two = _projection(one, two, counts[..., 1], counts[..., 3], slope, intercept)
    factor = _log_likelihood_ratio(counts[..., 0], counts[..., 1], one, null_one)
    factor = factor + _log_likelihood_ratio(counts[..., 2], counts[..., 3], two, null_two)
    bets = (one - slope * two < intercept) & (counts[..., 1] > 0) & (counts[..., 3] > 0) & (past[..., 1] > 0)
    return np.where(bets & np.isfinite(factor), factor, 0.0)


def _projection(
    one: Reals, two: Reals, rows_one: Reals, rows_two: Reals, slope: Reals, intercept: Reals
) -> tuple[Reals, Reals]:
    """Return the point of the line p1 = slope * p2 + intercept with the least divergence from two rates."""
    low = np.maximum(0.0, -intercept / slope) + np.zeros_like(two)
    high = np.minimum(1.0, (1.0 - intercept) / slope) + np.zeros_like(two)
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(_HALVINGS):  # bisection: the divergence is convex
            p2 = (low + high) / 2.0
            p1 = slope * p2 + intercept
            rises = rows_two * (p2 - two) / (p2 * (1.0 - p2)) + slope * rows_one * (p1 - one) / (
                p1 * (1.0 - p1)
            )
            low, high = np.where(rises > 0, low, p2), np.where(rises > 0, p2, high)
    p2 = (low + high) / 2.0
    return np.asarray(slope * p2 + intercept), np.asarray(p2)


def _log_likelihood_ratio(events: Reals, trials: Reals, rate: Reals, null_rate: Reals) -> Reals:
    with np.errstate(divide="ignore", invalid="ignore"):
        hits = events * np.log(rate / null_rate)
        return np.asarray(hits + (trials - events) * np.log((1.0 - rate) / (1.0 - null_rate)))


def calibrated_factors(p_value: float) -> Reals:
    """Return the log factors of a batch's p-value, one for each of `CALIBRATORS`: kappa * p ** (kappa - 1).

    Source: Vovk and Wang, "E-values: calibration, combination and applications", Annals of Statistics 49 (2021).
    """
    return np.asarray(np.log(CALIBRATORS) + (CALIBRATORS - 1.0) * np.log(p_value))
