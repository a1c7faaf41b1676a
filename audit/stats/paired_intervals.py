"""How much better a candidate is than a baseline on the same rows, in the metric's own direction."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from audit.result import Baseline, Measurement
from audit.stats.direction import improved, improvement_range
from audit.stats.measurement_intervals import interval
from audit.stats.methods import Interval
from audit.stats.mover import linear
from audit.stats.paired_proportions import apart, combined, difference, ratio_correlation, weights_of
from audit.stats.proportions import clopper_pearson

CRASHED = "crashed"
"""Method of a baseline's value that could not be compared: there is no interval, and no rule on it is decided."""

_GAPS = {"average-abs-odds-difference": "mean", "equalized-odds-difference": "largest"}
"""Methods of metrics that put two absolute differences of rates together, and how."""
_RATES = ("true_positive", "false_positive")


def improvement(measurement: Measurement) -> float:
    """Return by how much the candidate's value is better than the baseline's; NaN where there is no baseline.

    Higher is better: the difference; lower: its negative; nearer to the ideal: by how much the distance is less.
    """
    baseline = measurement.baseline
    return math.nan if baseline is None else improved(measurement.value, baseline.value, baseline)


def paired_interval(measurement: Measurement, confidence: float) -> Interval | None:
    """Compute the two-sided interval of `improvement`.

    Proportions of the same rows differ by their discordant rows, whose shares are bounded exactly. Of other metrics
    either value's own interval says how far it may be off on each side, and what both err by together cancels (MOVER
    with the correlation of both; an unknown one counts as -1, the widest interval). Two exact values have an exact
    difference, and so have a model and itself.

    Args:
        measurement: of the candidate, with its ``baseline``.
        confidence: in (0, 1).

    Returns:
        (low, high) in the units of the metric; None where there is no baseline, or either value has no interval.

    Raises:
        ValueError, KeyError: as `interval`.

    Source: Zou, Psychological Methods 12 (2007); for the discordant rows `audit.stats.paired_proportions`.
    """
    baseline, value = measurement.baseline, improvement(measurement)
    if baseline is None or not math.isfinite(value):
        return None
    if baseline.identical or measurement.method == baseline.method == "exact":
        return value, value
    found = _by_gaps(measurement, baseline, confidence) or _by_difference(measurement, baseline, confidence)
    if found is None or any(math.isnan(end) for end in found):
        return None
    return float(min(found[0], value)), float(max(found[1], value))


def _by_difference(measurement: Measurement, baseline: Baseline, confidence: float) -> Interval | None:
    """Bound the improvement by the limits of both values and of their difference."""
    own, other = _limits(measurement, confidence), _limits(_as_measurement(measurement, baseline), confidence)
    if own is None or other is None:
        return None
    apart_by = _discordant(measurement, baseline, confidence)
    if apart_by is None:
        low, high = apart_by = _correlated(measurement, baseline, own, other)
        if unseen := _unseen(measurement, baseline, confidence):
            apart_by = min(low, -unseen), max(high, unseen)
    return improvement_range(own, other, apart_by, baseline)


def _discordant(measurement: Measurement, baseline: Baseline, confidence: float) -> Interval | None:
    pairs, weights = baseline.discordant, weights_of(measurement.method, measurement.counts)
    if weights is None or baseline.method != measurement.method or not _all(pairs, weights):
        return None
    tail = (1.0 - confidence) / 2.0
    limits = combined(weights, {name: difference(pairs[name], tail) for name in weights})
    return float(limits.low), float(limits.high)


def _correlated(measurement: Measurement, baseline: Baseline, own: Interval, other: Interval) -> Interval:
    """Bound the difference by MOVER with the correlation of both."""
    together = -1.0 if baseline.correlation is None else baseline.correlation
    if measurement.method == baseline.method == "mover-ratio" and _all(
        baseline.discordant, measurement.counts
    ):
        together = ratio_correlation(measurement.counts, baseline.counts, baseline.discordant)
    value, reference = measurement.value, baseline.value
    sides = np.array([value - own[0], own[1] - value]), np.array([other[1] - reference, reference - other[0]])
    low, high = apart(*sides, np.asarray(together))
    return float(value - reference - low), float(value - reference + high)


def _unseen(measurement: Measurement, baseline: Baseline, confidence: float) -> float:
    """Return how far apart two mean losses may be by rows of which none was seen, where all rows lose alike; else 0."""
    counts = measurement.counts
    alike = (measurement.value, measurement.se, counts) == (baseline.value, baseline.se, baseline.counts)
    if not alike or "worst" not in counts:
        return 0.0
    worst, rows = counts["worst"]
    share = clopper_pearson(np.zeros(1), np.array([rows]), (1.0 - confidence) / 2.0).high
    return float(share[0]) * worst / rows


def _by_gaps(measurement: Measurement, baseline: Baseline, confidence: float) -> Interval | None:
    """Bound the improvement of a metric made of two absolute differences, each at half the error."""
    how, pairs = _GAPS.get(measurement.method), baseline.discordant
    names = [f"{side}_{rate}" for rate in _RATES for side in ("unprivileged", "privileged")]
    if how is None or baseline.method != measurement.method or not _all(pairs, names):
        return None
    tail = (1.0 - confidence) / 4.0
    parts = []
    for rate in _RATES:
        weights = {f"unprivileged_{rate}": 1.0, f"privileged_{rate}": -1.0}
        apart_by = combined(weights, {name: difference(pairs[name], tail) for name in weights})
        own, other = (_gap(counts, weights, tail) for counts in (measurement.counts, baseline.counts))
        nearer = replace(baseline, better="ideal", ideal=0.0)
        parts.append(improvement_range(own, other, (float(apart_by.low), float(apart_by.high)), nearer))
    (low, high), (other_low, other_high) = parts
    if how == "mean":
        return (low + other_low) / 2.0, (high + other_high) / 2.0
    return min(low, other_low), max(high, other_high)


def _gap(counts: Mapping[str, list[float]], weights: Mapping[str, float], tail: float) -> Interval:
    terms = []
    for name, weight in weights.items():
        successes, trials = (np.asarray(part) for part in counts[name])
        terms.append((weight, clopper_pearson(successes, trials, tail)))
    limits = linear(terms)
    return float(limits.low), float(limits.high)


def _all(pairs: Mapping[str, list[float]], names: Collection[str]) -> bool:
    return bool(names) and all(name in pairs and pairs[name][2] > 0 for name in names)


def _limits(measurement: Measurement, confidence: float) -> Interval | None:
    if measurement.method == "exact":
        return measurement.value, measurement.value
    return interval(measurement, confidence)


def _as_measurement(measurement: Measurement, baseline: Baseline) -> Measurement:
    return replace(
        measurement, value=baseline.value, method=baseline.method, counts=baseline.counts, se=baseline.se
    )
