"""How much better a candidate is than a baseline on the same rows, in the metric's own direction."""

from __future__ import annotations

import math
from dataclasses import replace

from audit.result import Baseline, Measurement
from audit.stats.intervals import interval
from audit.stats.methods import Interval


def improvement(measurement: Measurement) -> float:
    """Return by how much the candidate's value is better than the baseline's; NaN where there is no baseline.

    Higher is better: the difference; lower: its negative; nearer to the ideal: by how much the distance is less.
    """
    baseline = measurement.baseline
    if baseline is None:
        return math.nan
    return _gain(measurement.value, baseline) - _gain(baseline.value, baseline)


def paired_interval(measurement: Measurement, confidence: float) -> Interval | None:
    """Compute the two-sided interval of `improvement` by MOVER with the correlation of both estimates.

    Either value's own interval says how far it may be off on each side; what both err by together cancels. An unknown
    correlation counts as -1, which gives the widest interval. Two exact values have an exact difference.

    Args:
        measurement: of the candidate, with its ``baseline``.
        confidence: in (0, 1).

    Returns:
        (low, high) in the units of the metric; None where there is no baseline, or either value has no interval.

    Raises:
        ValueError, KeyError: as `interval`.

    Source: Zou, Psychological Methods 12 (2007), and Newcombe's method 10, Statistics in Medicine 17 (1998), which is
    this over Wilson's limits.
    """
    baseline, value = measurement.baseline, improvement(measurement)
    if baseline is None or not math.isfinite(value):
        return None
    if measurement.method == baseline.method == "exact":
        return value, value
    own = _limits(measurement, baseline, confidence)
    other = _limits(_as_measurement(measurement, baseline), baseline, confidence)
    if own is None or other is None:
        return None
    together = -1.0 if baseline.correlation is None else baseline.correlation * _sign(measurement, baseline)
    low = value - _apart(own[0], other[1], together)
    high = value + _apart(own[1], other[0], together)
    return (math.nan, math.nan) if math.isnan(low) or math.isnan(high) else (low, high)


def _gain(value: float, baseline: Baseline) -> float:
    if baseline.better == "ideal":
        return -abs(value - (baseline.ideal or 0.0))
    return value if baseline.better == "higher" else -value


def _limits(measurement: Measurement, baseline: Baseline, confidence: float) -> Interval | None:
    """Return how far the gain may lie below and above its estimate."""
    found = interval(measurement, confidence)
    if measurement.method == "exact":
        found = measurement.value, measurement.value
    if found is None:
        return None
    ends = [_gain(end, baseline) for end in found]
    low, high = min(ends), max(ends)
    if baseline.better == "ideal" and found[0] <= (baseline.ideal or 0.0) <= found[1]:
        high = 0.0
    gain = _gain(measurement.value, baseline)
    return gain - low, high - gain


def _as_measurement(measurement: Measurement, baseline: Baseline) -> Measurement:
    return replace(
        measurement, value=baseline.value, method=baseline.method, counts=baseline.counts, se=baseline.se
    )


def _sign(measurement: Measurement, baseline: Baseline) -> float:
    """Return -1 where the values lie on two sides of the ideal: what moves both up brings one nearer only."""
    if baseline.better != "ideal":
        return 1.0
    ideal = baseline.ideal or 0.0
    return -1.0 if (measurement.value - ideal) * (baseline.value - ideal) < 0 else 1.0


def _apart(own: float, other: float, together: float) -> float:
    if math.isinf(own) or math.isinf(other):
        return math.inf
    return math.sqrt(max(0.0, own**2 + other**2 - 2.0 * together * own * other))
