"""SHAP values from random orders of the features: passes over all references until errors are small enough."""

from audit.attribution.permutation_pass import PassSampler
from audit.attribution.row_groups import map_groups, row_groups, rows_per_group
from audit.attribution.running_estimate import RunningEstimate, ShapleyEstimate

MAX_PASSES = 16
"""Passes of a row: where the tolerance is out of reach, sampling ends at a quarter of the first pass's error."""


def sample(sampler: PassSampler, tolerance: float, max_evaluations: float) -> ShapleyEstimate:
    """Sample permutations of the features until each row's errors are within the tolerance.

    Beyond the first, a pass that might take more than ``max_evaluations`` in all is not begun.
    """
    plan = sampler.plan
    running = RunningEstimate(sampler.masked.ends, sampler.features, plan.slots)
    evaluations_of_row = 2 * plan.masks(sampler.features)
    size = rows_per_group(plan.masks(sampler.features), sampler.masked.masks_of_call)
    while len(unfinished := running.unfinished(tolerance, MAX_PASSES)):
        evaluations = running.evaluations + len(unfinished) * evaluations_of_row
        if running.passes.any() and evaluations > max_evaluations:
            break
        groups = row_groups(unfinished, size)
        passes = [running.passes[group] for group in groups]
        for group, sums in zip(groups, map_groups(sampler, groups, passes), strict=True):
            running.add(group, sums)
    return running.estimate
