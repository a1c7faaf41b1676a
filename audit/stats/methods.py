"""The methods by which intervals are made, by the names that stand in a report."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from audit.result import Measurement
from audit.stats.auc import auc_limits
from audit.stats.calibration import calibration_error
from audit.stats.mover import linear, ratio
from audit.stats.odds import Rates, average_abs_odds, average_odds, equalized_odds
from audit.stats.proportions import Limits, clopper_pearson

Interval = tuple[float, float]
Method = Callable[[Measurement, float], Interval | None]
"""Computes (low, high) of a measurement at a confidence in (0, 1); None where there is nothing to tell."""


def _without(measurement: Measurement, confidence: float) -> None:
    """Metrics that have no interval: exact by nature, or none is known."""


def _from_rates(combine: Callable[[Rates], Limits], claims: int = 1) -> Method:
    """Make the method that combines the limits of all proportions in ``counts``.

    ``claims`` is among how many statements the error is split (Bonferroni).
    """

    def method(measurement: Measurement, confidence: float) -> Interval | None:
        names, table = list(measurement.counts), list(measurement.counts.values())
        if not table or not all(row[1] > 0 for row in table):
            return None
        successes, trials = np.asarray(table, dtype=np.float64).T
        limits = clopper_pearson(successes, trials, (1.0 - confidence) / 2.0 / claims)
        return _plain(combine({name: Limits(*row) for name, *row in zip(names, *limits, strict=True)}))

    return method


def _difference(rates: Rates) -> Limits:
    return linear([(1.0, rates["unprivileged"]), (-1.0, rates["privileged"])])


def _mean(rates: Rates) -> Limits:
    return linear([(1.0 / len(rates), part) for part in rates.values()])


def _delong(measurement: Measurement, confidence: float) -> Interval | None:
    (favorable,), (unfavorable,) = measurement.counts["favorable"], measurement.counts["unfavorable"]
    return auc_limits(measurement.value, measurement.se, favorable, unfavorable, (1.0 - confidence) / 2.0)


def _mean_t(measurement: Measurement, confidence: float) -> Interval | None:
    """Student's interval; None for less than two rows, or when no spread was seen among them."""
    from scipy.special import stdtrit

    (rows,), se = measurement.counts["rows"], measurement.se
    if not (se is not None and 0.0 < se < math.inf and rows > 1 and math.isfinite(measurement.value)):
        return None
    half = -float(stdtrit(rows - 1.0, (1.0 - confidence) / 2.0)) * se
    return measurement.value - half, measurement.value + half


def _fisher_z(measurement: Measurement, confidence: float) -> Interval | None:
    """Bound a rank correlation on Fisher's z scale; None for three rows or less, and at -1 and 1.

    Source: Bonett and Wright, Psychometrika 65 (2000) 23-28, for Spearman's.
    """
    from scipy.special import ndtri

    (rows,), r = measurement.counts["rows"], measurement.value
    if not (rows > 3.0 and -1.0 < r < 1.0):
        return None
    half = -float(ndtri((1.0 - confidence) / 2.0)) * math.sqrt((1.0 + r * r / 2.0) / (rows - 3.0))
    return math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


def _calibration(measurement: Measurement, confidence: float) -> Interval | None:
    limits = calibration_error(measurement.counts.values(), (1.0 - confidence) / 2.0)
    return None if limits is None else _plain(limits)


def _plain(limits: Limits) -> Interval:
    return float(limits.low), float(limits.high)


METHODS: Mapping[str, Method] = {
    "exact": _without,
    "none": _without,
    "clopper-pearson": _from_rates(lambda rates: rates["rate"]),
    "mover-difference": _from_rates(_difference),
    "mover-ratio": _from_rates(lambda rates: ratio(rates["unprivileged"], rates["privileged"])),
    "mover-mean": _from_rates(_mean),
    "average-odds-difference": _from_rates(average_odds),
    "average-abs-odds-difference": _from_rates(average_abs_odds, claims=2),
    "equalized-odds-difference": _from_rates(equalized_odds, claims=2),
    "delong": _delong,
    "mean-t": _mean_t,
    "calibration-bins": _calibration,
    "fisher-z": _fisher_z,
}
"""All methods by name. `docs/intervals.md` says which metric uses which, and why."""
