"""SHAP values from random orders of the features: passes over all references until errors are small enough."""

from audit.attribution.permutation_pass import PassSampler
from audit.attribution.row_groups import CONCURRENT_GROUPS, row_groups, rows_per_group
from audit.attribution.running_estimate import RunningEstimate, ShapleyEstimate
from audit.execution import Backend

MAX_PASSES = 16
"""Passes of a row: where the tolerance is out of reach, sampling ends at a quarter of the first pass's error."""


def sample(
    sampler: PassSampler, tolerance: float, max_evaluations: float, backend: Backend
) -> ShapleyEstimate:
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
        groups = row_groups(unfinished, running.passes, size)
        sums_of_groups = backend.map(sampler, groups, concurrency=CONCURRENT_GROUPS)
        for group, sums in zip(groups, sums_of_groups, strict=True):
            running.add(group.rows, sums)
    return running.estimate
