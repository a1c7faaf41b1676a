"""Improvement of a candidate over a baseline on the same rows, with its interval."""

import math
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from audit.result import Baseline, Measurement
from audit.stats.average_odds import RATE_NAMES
from audit.stats.interval_method import UNPAIRED, Interval, Pairing
from audit.stats.measurement_intervals import interval
from audit.stats.methods import EXACT, method_named
from audit.stats.mover import linear
from audit.stats.paired_proportions import combined, difference, difference_margin
from audit.stats.proportions import clopper_pearson

CRASHED = "crashed"
"""Method of a baseline's value that could not be compared: there is no interval, and no rule on it is decided."""


def improvement(measurement: Measurement) -> float:
    """Return the gain of the candidate's value over the baseline's; NaN without a baseline.

    Higher is better: the difference; lower: its negative; nearer to the ideal: the decrease of the distance.
    """
    baseline = measurement.baseline
    if baseline is None:
        return math.nan
    if baseline.better == "ideal":
        ideal = baseline.ideal or 0.0
        return abs(baseline.value - ideal) - abs(measurement.value - ideal)
    if baseline.better == "higher":
        return measurement.value - baseline.value
    return baseline.value - measurement.value


def paired_interval(measurement: Measurement, confidence: float) -> Interval | None:
    """Compute the two-sided interval of `improvement`.

    Proportions of the same rows differ by their discordant rows, whose shares are bounded exactly. For other metrics
    the margins of both values are combined by MOVER with the correlation of their errors; an unknown correlation
    counts as -1, the widest interval. Two exact values have an exact difference, and so have a model and itself.

    Returns:
        (low, high) in the units of the metric; None without a baseline, or where either value has no interval.

    Raises:
        ValueError, KeyError: as `interval`.

    Source: Zou, Psychological Methods 12 (2007); for the discordant rows `audit.stats.paired_proportions`.
    """
    baseline = measurement.baseline
    value = improvement(measurement)
    if baseline is None or not math.isfinite(value):
        return None
    if baseline.identical or measurement.method == baseline.method == EXACT.name:
        return value, value
    span = _by_gaps(measurement, baseline, confidence) or _by_difference(measurement, baseline, confidence)
    if span is None or any(math.isnan(end) for end in span):
        return None
    return float(min(span[0], value)), float(max(span[1], value))


def _by_difference(measurement: Measurement, baseline: Baseline, confidence: float) -> Interval | None:
    """Bound the improvement by the limits of both values and of their difference."""
    candidate_span = _span(measurement, confidence)
    baseline_span = _span(of_baseline(measurement, baseline), confidence)
    if candidate_span is None or baseline_span is None:
        return None
    difference_span = _by_discordant_rows(measurement, baseline, confidence)
    if difference_span is None:
        low, high = _by_correlation(measurement, baseline, candidate_span, baseline_span)
        unseen_low, unseen_high = _with_unseen_rows(measurement, baseline, confidence)
        difference_span = (min(low, unseen_low), max(high, unseen_high))
    return improvement_range(candidate_span, baseline_span, difference_span, baseline)


def improvement_range(
    candidate: Interval, reference: Interval, difference: Interval, baseline: Baseline
) -> Interval:
    """Bound the improvement by limits of the candidate's value, of the baseline's, and of their difference.

    Where higher or lower is better these are the difference's. Where nearer to an ideal is better, the difference
    suffices only if both values surely lie on one side of the ideal: what moves one nearer from above takes it
    further away from below. So the improvement is bounded by the extremes that it takes within all three limits.
    """
    reverse = -difference[1], -difference[0]
    if baseline.better != "ideal":
        return difference if baseline.better == "higher" else reverse
    ideal = baseline.ideal or 0.0
    candidate, reference = ((low - ideal, high - ideal) for low, high in (candidate, reference))
    low, high = _decrease(reference, difference)
    reverse_low, reverse_high = _decrease(candidate, reverse)  # the same with the two models swapped
    return max(low, -reverse_high), min(high, -reverse_low)


def _decrease(values: Interval, steps: Interval) -> Interval:
    """Return the extremes of ``|value| - |value + step|`` over both ranges.

    For one step it rises or falls throughout with the value, and for one value it is largest where the sum is 0.
    """
    extremes = [_decrease_at(value, step) for value in values for step in steps]
    extremes += [abs(value) for value in values if steps[0] <= -value <= steps[1]]
    return min(extremes), max(extremes)


def _decrease_at(value: float, step: float) -> float:
    if math.isinf(value):
        return -step if value > 0 else step
    return abs(value) - abs(value + step)


def _by_discordant_rows(measurement: Measurement, baseline: Baseline, confidence: float) -> Interval | None:
    weights_of = _pairing(measurement, baseline).weights
    weights = weights_of(measurement.counts) if weights_of else {}
    paired = _has_pairs(baseline, weights)
    return _difference_span(baseline, weights, (1.0 - confidence) / 2.0) if paired else None


def _pairing(measurement: Measurement, baseline: Baseline) -> Pairing:
    same_method = baseline.method == measurement.method
    return method_named(measurement.method).pairing if same_method else UNPAIRED


def _difference_span(baseline: Baseline, weights: Mapping[str, float], tail: float) -> Interval:
    limits = combined(weights, {name: difference(baseline.discordant[name], tail) for name in weights})
    return float(limits.low), float(limits.high)


def _by_correlation(
    measurement: Measurement, baseline: Baseline, candidate_span: Interval, baseline_span: Interval
) -> Interval:
    """Bound the difference by MOVER with the correlation of both errors."""
    correlation = -1.0 if baseline.correlation is None else baseline.correlation
    of_counts = _pairing(measurement, baseline).correlation
    if of_counts and _has_pairs(baseline, measurement.counts):
        correlation = of_counts(measurement.counts, baseline.counts, baseline.discordant)
    value = measurement.value
    reference = baseline.value
    low, high = difference_margin(
        np.array([value - candidate_span[0], candidate_span[1] - value]),
        np.array([baseline_span[1] - reference, reference - baseline_span[0]]),
        np.asarray(correlation),
    )
    return float(value - reference - low), float(value - reference + high)


def _with_unseen_rows(measurement: Measurement, baseline: Baseline, confidence: float) -> Interval:
    """Bound the difference if rows on which the models differ most are as frequent as they can be without being seen.

    The errors of two similar models correlate by the rows that were seen. A few rows in a thousand on which one of them
    is confidently wrong may not be among these, and then the difference seems to be known much better than it is.
    Their share is at most Clopper and Pearson's limit of a share of which none was seen. An empty interval,
    which widens no other, where it is not known how far the models may differ on one row.
    """
    difference = measurement.value - baseline.value
    extremes_of = _pairing(measurement, baseline).extremes
    extremes = extremes_of(measurement.counts, baseline.counts) if extremes_of else None
    if extremes is None:
        return math.inf, -math.inf
    share = 1.0 - ((1.0 - confidence) / 2.0) ** (1.0 / extremes.rows)
    seen = (1.0 - share) * difference
    return seen + share * extremes.low, seen + share * extremes.high


def _by_gaps(measurement: Measurement, baseline: Baseline, confidence: float) -> Interval | None:
    """Bound the improvement of a metric made of two absolute differences, each at half the error."""
    combine = _pairing(measurement, baseline).gaps
    weights_by_rate = [{f"unprivileged_{rate}": 1.0, f"privileged_{rate}": -1.0} for rate in RATE_NAMES]
    if combine is None or not all(_has_pairs(baseline, weights) for weights in weights_by_rate):
        return None
    tail = (1.0 - confidence) / 4.0
    towards_zero = replace(baseline, better="ideal", ideal=0.0)
    spans = [
        improvement_range(
            _gap_span(measurement.counts, weights, tail),
            _gap_span(baseline.counts, weights, tail),
            _difference_span(baseline, weights, tail),
            towards_zero,
        )
        for weights in weights_by_rate
    ]
    return combine(*spans)


def _gap_span(counts: Mapping[str, list[float]], weights: Mapping[str, float], tail: float) -> Interval:
    terms = []
    for name, weight in weights.items():
        successes, trials = np.array(counts[name])
        terms.append((weight, clopper_pearson(successes, trials, tail)))
    limits = linear(terms)
    return float(limits.low), float(limits.high)


def _has_pairs(baseline: Baseline, names: Collection[str]) -> bool:
    """Return whether the discordant rows of all ``names`` are known, and there is one."""
    pairs = baseline.discordant
    return bool(names) and all(name in pairs and pairs[name][2] > 0 for name in names)


def _span(measurement: Measurement, confidence: float) -> Interval | None:
    if measurement.method == EXACT.name:
        return measurement.value, measurement.value
    return interval(measurement, confidence)


def of_baseline(measurement: Measurement, baseline: Baseline) -> Measurement:
    """Return the baseline's value as a measurement."""
    return replace(
        measurement, value=baseline.value, method=baseline.method, counts=baseline.counts, se=baseline.se
    )
