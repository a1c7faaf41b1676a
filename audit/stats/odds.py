"""The average-odds family: what two differences of rates (TPR and FPR) say together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from audit.stats.mover import linear
from audit.stats.proportions import Limits

Rates = Mapping[str, Limits]
"""Limits of the four rates, by the names that ``counts`` has in the report."""

_WHAT = ("true_positive", "false_positive")


def average_odds(rates: Rates) -> Limits:
    """Combine to (TPR difference + FPR difference) / 2, in [-1, 1], by MOVER over the four rates."""
    halves = {"unprivileged": 0.5, "privileged": -0.5}
    return linear([(half, rates[f"{who}_{what}"]) for who, half in halves.items() for what in _WHAT])


def average_abs_odds(rates: Rates) -> Limits:
    """Combine to (|TPR difference| + |FPR difference|) / 2, in [0, 1].

    The limits hold when both differences lie within theirs, so each of the rates' limits is to be
    made at half the error (Bonferroni). MOVER over the two absolute values is not used: its lower
    limit is above 0 whenever both observed differences are not 0, equal groups included.
    """
    true, false = (_absolute(_difference(rates, what)) for what in _WHAT)
    return Limits(*((a + b) / 2.0 for a, b in zip(true, false, strict=True)))


def equalized_odds(rates: Rates) -> Limits:
    """Combine to max(|TPR difference|, |FPR difference|), in [0, 1]; limits as `average_abs_odds`."""
    true, false = (_absolute(_difference(rates, what)) for what in _WHAT)
    return Limits(*(np.maximum(a, b) for a, b in zip(true, false, strict=True)))


def _difference(rates: Rates, what: str) -> Limits:
    return linear([(1.0, rates[f"unprivileged_{what}"]), (-1.0, rates[f"privileged_{what}"])])


def _absolute(signed: Limits) -> Limits:
    """Return what the absolute value can be while the signed value is within its limits."""
    nearest = np.maximum(np.maximum(signed.low, -signed.high), 0.0)
    return Limits(np.abs(signed.estimate), nearest, np.maximum(-signed.low, signed.high))
