"""The average-odds family: combinations of the TPR difference and the FPR difference of two groups."""

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from audit.stats.mover import linear
from audit.stats.proportions import Limits, Reals

Rates = Mapping[str, Limits]
"""Limits of proportions, here the four rates, by their names in ``counts``."""

RATE_NAMES = ("true_positive", "false_positive")

REFERENCE_TAIL = 0.025
"""Error at which the rates' standard errors are taken: one for all confidences, so that intervals stay nested."""

_SIDES = {"unprivileged": 1.0, "privileged": -1.0}
_Terms = Sequence[tuple[float, str]]
"""Signed differences of a rate between the groups: (factor, name of the rate)."""


def average_odds(rates: Rates) -> Limits:
    """Combine to (TPR difference + FPR difference) / 2, in [-1, 1], by MOVER over the four rates."""
    terms = [(0.5 * sign, rates[f"{side}_{rate}"]) for side, sign in _SIDES.items() for rate in RATE_NAMES]
    return linear(terms)


def average_abs_odds(rates: Rates, shared: Rates) -> Limits:
    """Combine to (|TPR difference| + |FPR difference|) / 2, in [0, 1].

    It is the largest of four sums, one for each pair of signs, and each sum has its limits by MOVER. The largest of
    their upper limits is never too low. The largest of their lower limits is too high when any of the sums that come
    near is: two of them where one of the differences is 0. So each is taken at its share of the error, by Sidak. Where
    both differences are 0 the four are two opposite pairs, and at 95 % one sample in 20 has a lower limit above 0.

    ``rates`` are at the whole error, ``shared`` at the error that `shared_tail` gives.
    """
    signs = itertools.product((0.5, -0.5), repeat=2)
    sums = [list(zip(pair, RATE_NAMES, strict=True)) for pair in signs]
    return _largest(sums, rates, shared)


def equalized_odds(rates: Rates, shared: Rates, reference: Rates) -> Limits:
    """Combine to max(|TPR difference|, |FPR difference|), in [0, 1]: the largest of four, as `average_abs_odds`.

    A difference that can hardly be observed as the larger one needs no share of the error. The lower limit is moved
    from that at the shared error to that at the whole one accordingly, but stays 0 where the shared error leaves it so.
    ``reference`` are the limits at an error of `REFERENCE_TAIL` on each side.
    """
    signed = [[pair] for pair in itertools.product((1.0, -1.0), RATE_NAMES)]
    cautious = _largest(signed, rates, shared)
    low_at_whole_error = _largest(signed, rates, rates).low
    probability = _overtaking_probability(reference, _largest(signed, reference, reference).low)
    share = np.minimum(probability / (REFERENCE_TAIL - shared_tail(REFERENCE_TAIL)), 1.0)
    low = low_at_whole_error - share * (low_at_whole_error - cautious.low)
    return cautious._replace(low=np.where(cautious.low > 0.0, low, 0.0))


def _overtaking_probability(rates: Rates, low: Reals) -> Reals:
    """Return how likely the smaller absolute difference, if not above ``low``, is observed as large as the larger."""
    from scipy.special import ndtr, ndtri

    differences = [_signed_sum(rates, [(1.0, rate)]) for rate in RATE_NAMES]
    gaps = np.abs([limits.estimate for limits in differences])
    se = np.array([(limits.high - limits.low) / 2.0 for limits in differences]) / -ndtri(REFERENCE_TAIL)
    larger = gaps.max(0)
    se_of_smaller = np.where(gaps[0] < gaps[1], se[0], se[1])
    true = np.minimum(gaps.min(0), low)
    return np.asarray(ndtr((true - larger) / se_of_smaller) + ndtr((-true - larger) / se_of_smaller))


def shared_tail(tail: float) -> float:
    """Return the error of each of two statements that both hold but for an error of ``tail`` (Sidak)."""
    return -math.expm1(0.5 * math.log1p(-tail))


def _largest(sums: Sequence[_Terms], rates: Rates, shared: Rates) -> Limits:
    """Bound the largest of several sums: its upper limit from ``rates``, its lower one from ``shared``."""
    limits = [_signed_sum(rates, terms) for terms in sums]
    return Limits(
        np.maximum.reduce([each.estimate for each in limits]),
        np.maximum(np.maximum.reduce([_signed_sum(shared, terms).low for terms in sums]), 0.0),
        np.maximum.reduce([each.high for each in limits]),
    )


def _signed_sum(rates: Rates, terms: _Terms) -> Limits:
    sides = _SIDES.items()
    signed = [(factor * sign, rates[f"{side}_{rate}"]) for factor, rate in terms for side, sign in sides]
    return linear(signed)
