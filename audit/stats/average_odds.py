"""The average-odds family: what two differences of rates (TPR and FPR) say together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import numpy as np

from audit.stats.mover import linear
from audit.stats.proportions import Limits, Reals

Rates = Mapping[str, Limits]
"""Limits of the four rates, by the names that ``counts`` has in the report."""

USUAL = 0.025
"""The error at which it is judged how far rates vary: one for all confidences, so that intervals stay nested."""

_WHAT = ("true_positive", "false_positive")


def average_odds(rates: Rates) -> Limits:
    """Combine to (TPR difference + FPR difference) / 2, in [-1, 1], by MOVER over the four rates."""
    halves = {"unprivileged": 0.5, "privileged": -0.5}
    return linear([(half, rates[f"{who}_{what}"]) for who, half in halves.items() for what in _WHAT])


def average_abs_odds(whole: Rates, shared: Rates) -> Limits:
    """Combine to (|TPR difference| + |FPR difference|) / 2, in [0, 1].

    It is the largest of four sums, one for each pair of signs, and each sum has its limits by MOVER. The largest of
    their upper limits is never too low. The largest of their lower limits is too high when any of the sums that come
    near is: two of them where one of the differences is 0. So each is taken at its share of the error, by Sidak. Where
    both differences are 0 the four are two opposite pairs, and at 95 % one sample in 20 has a lower limit above 0.

    Args:
        whole: limits of the rates at the whole error.
        shared: limits of the rates at the error that `shared_tail` gives.
    """
    signs = itertools.product((0.5, -0.5), repeat=2)
    parts = [list(zip(pair, _WHAT, strict=True)) for pair in signs]
    return _largest(parts, whole, shared)


def equalized_odds(whole: Rates, shared: Rates, usual: Rates) -> Limits:
    """Combine to max(|TPR difference|, |FPR difference|), in [0, 1]: the largest of four, as `average_abs_odds`.

    A difference that can hardly be observed as the larger one needs no share of the error. The lower limit is moved
    from that at the shared error to that at the whole one accordingly, but stays 0 where the shared error leaves it so.

    Args:
        whole: limits of the rates at the whole error.
        shared: limits of the rates at the error that `shared_tail` gives.
        usual: limits of the rates at an error of `USUAL` on each side, which tell how far they vary.
    """
    parts = [[(sign, what)] for sign, what in itertools.product((1.0, -1.0), _WHAT)]
    found, alone = _largest(parts, whole, shared), _largest(parts, whole, whole)
    likely = _overtaken(usual, _largest(parts, usual, usual).low)
    share = np.minimum(likely / (USUAL - shared_tail(USUAL)), 1.0)
    low = alone.low - share * (alone.low - found.low)
    return found._replace(low=np.where(found.low > 0.0, low, 0.0))


def _overtaken(rates: Rates, least: Reals) -> Reals:
    """Return how likely the smaller absolute difference, if not above ``least``, is observed as large as the larger."""
    from scipy.special import ndtr, ndtri

    signed = [_signed(rates, [(1.0, what)]) for what in _WHAT]
    size = np.abs([part.estimate for part in signed])
    spread = np.array([(part.high - part.low) / 2.0 for part in signed]) / -ndtri(USUAL)
    larger, smaller = size.max(0), size.min(0)
    spread = np.where(size[0] < size[1], spread[0], spread[1])
    true = np.minimum(smaller, least)
    return np.asarray(ndtr((true - larger) / spread) + ndtr((-true - larger) / spread))


def shared_tail(tail: float) -> float:
    """Return the error of each of two statements that both hold but for an error of ``tail`` (Sidak)."""
    return -math.expm1(0.5 * math.log1p(-tail))


def _largest(parts: list[list[tuple[float, str]]], whole: Rates, shared: Rates) -> Limits:
    upper, lower = ([_signed(rates, part) for part in parts] for rates in (whole, shared))
    return Limits(
        np.maximum.reduce([part.estimate for part in upper]),
        np.maximum(np.maximum.reduce([part.low for part in lower]), 0.0),
        np.maximum.reduce([part.high for part in upper]),
    )


def _signed(rates: Rates, part: list[tuple[float, str]]) -> Limits:
    sides = {"unprivileged": 1.0, "privileged": -1.0}
    return linear(
        [(sign * side, rates[f"{who}_{what}"]) for sign, what in part for who, side in sides.items()]
    )
