"""Improvement of one value over another in the direction in which a metric is better, and its limits."""

from __future__ import annotations

import math

from audit.result import Baseline
from audit.stats.interval_method import Interval


def improved(value: float, reference: float, baseline: Baseline) -> float:
    """Return the gain of ``value`` over ``reference``, in the direction that ``baseline`` names."""
    if baseline.better == "ideal":
        ideal = baseline.ideal or 0.0
        return abs(reference - ideal) - abs(value - ideal)
    return value - reference if baseline.better == "higher" else reference - value


def improvement_range(
    candidate: Interval, reference: Interval, difference: Interval, baseline: Baseline
) -> Interval:
    """Bound the improvement by limits of the candidate's value, of the baseline's, and of their difference.

    Where higher or lower is better these are the difference's. Where nearer to an ideal is better, the difference
    suffices only if both values surely lie on one side of the ideal: what moves one nearer from above takes it
    further away from below. So the improvement is bounded by the extremes that it takes within all three limits.

    Args:
        candidate: limits of the candidate's value.
        reference: limits of the baseline's value.
        difference: limits of the candidate's value minus the baseline's.
        baseline: its direction and ideal.
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
