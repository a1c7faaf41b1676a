"""MOVER: limits of a combination of independent proportions, from the limits of each.

Source: Zou and Donner, Statistics in Medicine 27 (2008); for the ratio ("MOVER-R") Donner and Zou,
Statistical Methods in Medical Research 21 (2012), and Newcombe, the same 25 (2016).
"""

from collections.abc import Collection

import numpy as np

from audit.stats.proportions import Limits, Reals


def linear(terms: Collection[tuple[float, Limits]]) -> Limits:
    """Combine proportions to ``sum(weight * proportion)``, within what the weights can reach from [0, 1].

    The arrays of all terms broadcast together.
    """
    estimate = np.asarray(sum(weight * p.estimate for weight, p in terms))
    below = sum((weight * (p.estimate - (p.low if weight > 0 else p.high))) ** 2 for weight, p in terms)
    above = sum((weight * (p.estimate - (p.high if weight > 0 else p.low))) ** 2 for weight, p in terms)
    low = np.maximum(estimate - np.sqrt(below), sum(min(weight, 0.0) for weight, _ in terms))
    high = np.minimum(estimate + np.sqrt(above), sum(max(weight, 0.0) for weight, _ in terms))
    return Limits(estimate, low, high)


def ratio(numerator: Limits, denominator: Limits) -> Limits:
    """Combine two proportions, whose arrays broadcast together, to their ratio.

    Returns:
        The ratio, infinite or NaN where the denominator's estimate is 0, and its limits: at least 0,
        the upper one infinite where the denominator's lower limit is 0. Of 0/0 they are 0 and infinity.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = np.asarray(numerator.estimate / denominator.estimate)
        high = np.asarray(1.0 / _lower(denominator, numerator))
    return Limits(estimate, _lower(numerator, denominator), high)


def _lower(numerator: Limits, denominator: Limits) -> Reals:
    """Return the r at which MOVER's lower limit of ``numerator - r * denominator`` is 0.

    Written with the root in the divisor: nothing cancels, and nothing is divided by
    ``2 * estimate - high``, which changes its sign. The upper limit is the inverse of this one with
    the parts swapped, so swapping groups inverts the interval to the last bit.
    """
    top = numerator.low * (2.0 * numerator.estimate - numerator.low)
    bottom = denominator.high * (2.0 * denominator.estimate - denominator.high)
    product = numerator.estimate * denominator.estimate
    divisor = np.asarray(product + np.sqrt(np.maximum(product**2 - top * bottom, 0.0)))
    return np.asarray(np.divide(top, divisor, out=np.zeros_like(divisor), where=(top > 0) & (divisor > 0)))
