"""The methods by which intervals are made, by the names that stand in a report."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from audit.result import Measurement
from audit.stats.auc import auc_limits
from audit.stats.average_odds import USUAL, Rates, average_abs_odds, average_odds, equalized_odds
from audit.stats.maximum import largest
from audit.stats.mover import linear, ratio
from audit.stats.proportions import Limits
from audit.stats.vectorized import (
    Batch,
    calibration,
    explained,
    means,
    of_absolute_gaps,
    of_rates,
    root_means,
)

Interval = tuple[float, float]
Method = Callable[[Measurement, float], Interval | None]
"""Computes (low, high) of a measurement at a confidence in (0, 1); None where there is nothing to tell."""


def _without(measurement: Measurement, confidence: float) -> None:
    """Metrics that have no interval: exact by nature, or none is known."""


def _difference(rates: Rates) -> Limits:
    return linear([(1.0, rates["unprivileged"]), (-1.0, rates["privileged"])])


def _from_above(rates: Rates) -> Limits:
    """Bound a share that was not found to be lower, as accuracy under an attack that may have missed flips."""
    return rates["rate"]._replace(low=0.0 * rates["rate"].low)


def _from_below(rates: Rates) -> Limits:
    """Bound a share that was not found to be higher, as that of the flips that were found."""
    return rates["rate"]._replace(high=0.0 * rates["rate"].high + 1.0)


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


def _stability_z(measurement: Measurement, confidence: float) -> Interval | None:
    """Bound a rank correlation of halves by its jackknife error on Fisher's z scale, with Student's t.

    The lower limit is a ``step`` below 1 at most, one pair of neighbours ranked the other way round: halves of one
    sample agree by its luck, and then no spread is left that would tell.
    """
    from scipy.special import stdtrit

    (groups,), (step,) = measurement.counts["groups"], measurement.counts["step"]
    r, se = measurement.value, measurement.se
    if se is None or not (math.isfinite(se) and groups > 1 and -1.0 < r <= 1.0):
        return None
    reach = -float(stdtrit(groups - 1.0, (1.0 - confidence) / 2.0)) * se
    agreed = 1.0 - step
    if r > agreed:
        return max(-1.0, min(agreed, r - reach)), 1.0
    half = reach / (1.0 - r * r)
    return math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


def _largest_t(measurement: Measurement, confidence: float) -> Interval | None:
    (number,), (rows,) = measurement.counts["number"], measurement.counts["rows"]
    values, errors = measurement.counts["values"], measurement.counts["errors"]
    return largest(values, errors, int(number), rows, (1.0 - confidence) / 2.0)


BATCHES: Mapping[str, Batch] = {
    "clopper-pearson": of_rates(lambda rates: rates["rate"]),
    "clopper-pearson-upper": of_rates(_from_above),
    "clopper-pearson-lower": of_rates(_from_below),
    "mover-difference": of_rates(_difference),
    "mover-ratio": of_rates(lambda rates: ratio(rates["unprivileged"], rates["privileged"])),
    "mover-mean": of_rates(_mean),
    "average-odds-difference": of_rates(average_odds),
    "average-abs-odds-difference": of_absolute_gaps(average_abs_odds),
    "equalized-odds-difference": of_absolute_gaps(equalized_odds, USUAL),
    "mean-skewed": means,
    "root-mean-skewed": root_means,
    "explained-variance": explained,
    "calibration-bins": calibration,
}
"""The methods that bound many measurements at once."""


def _single(batch: Batch) -> Method:
    def method(measurement: Measurement, confidence: float) -> Interval | None:
        low, high = batch([measurement], confidence)[0]
        return None if math.isnan(low) else (float(low), float(high))

    return method


METHODS: Mapping[str, Method] = {
    **{name: _single(batch) for name, batch in BATCHES.items()},
    "exact": _without,
    "none": _without,
    "delong": _delong,
    "mean-t": _mean_t,
    "fisher-z": _fisher_z,
    "stability-z": _stability_z,
    "largest-t": _largest_t,
}
"""All methods by name. `docs/intervals.md` says which metric uses which, and why."""
