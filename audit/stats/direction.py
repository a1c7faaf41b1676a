"""Which way a metric is better: what two values, and limits of them, say of the improvement."""

from __future__ import annotations

import math

from audit.result import Baseline
from audit.stats.methods import Interval


def improved(value: float, reference: float, baseline: Baseline) -> float:
    """Return by how much ``value`` is better than ``reference``, in the direction that ``baseline`` names."""
    if baseline.better == "ideal":
        ideal = baseline.ideal or 0.0
        return abs(reference - ideal) - abs(value - ideal)
    return value - reference if baseline.better == "higher" else reference - value


def improvement_range(own: Interval, other: Interval, apart: Interval, baseline: Baseline) -> Interval:
    """Bound the improvement by limits of the candidate's value, of the baseline's, and of their difference.

    Where higher or lower is better these are the difference's. Where nearer to an ideal is better, the difference
    says it alone only if both values surely lie on one side of the ideal: what moves one nearer from above takes it
    further away from below. So the improvement is bounded by the extremes that it takes within all three limits.

    Args:
        own: limits of the candidate's value.
        other: limits of the baseline's value.
        apart: limits of the candidate's value minus the baseline's.
        baseline: says which way is better.
    """
    if baseline.better != "ideal":
        return apart if baseline.better == "higher" else (-apart[1], -apart[0])
    ideal = baseline.ideal or 0.0
    own, other = ((low - ideal, high - ideal) for low, high in (own, other))
    least, most = _lost(other, apart)
    backwards = _lost(own, (-apart[1], -apart[0]))  # the same with the two models' parts swapped
    return max(least, -backwards[1]), min(most, -backwards[0])


def _lost(values: Interval, steps: Interval) -> Interval:
    """Return the extremes of ``|value| - |value + step|`` over both ranges.

    For one step it rises or falls throughout with the value, and for one value it is largest where the sum is 0.
    """
    found = [_distance(value, step) for value in values for step in steps]
    found += [abs(value) for value in values if steps[0] <= -value <= steps[1]]
    return min(found), max(found)


def _distance(value: float, step: float) -> float:
    if math.isinf(value):
        return -step if value > 0 else step
    return abs(value) - abs(value + step)
