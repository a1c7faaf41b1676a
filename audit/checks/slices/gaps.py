"""Gap between the loss on a slice and that on the other rows, on rows that had no part in choosing the slice."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from audit.checks.slices.losses import LossRows
from audit.result import Measurement
from audit.stats.group_estimates import Partition
from audit.stats.group_rates import Rates, rates
from audit.stats.joint_variance import ClusteredRows, implied_variance, share_left_of_differences
from audit.stats.mean_gap import MeanGap, mean_gap


class Gap(NamedTuple):
    """A measured gap: the number of rows of the slice, the mean losses on it and outside, and each row's influence.

    Losses are shares of errors, or absolute errors in standard deviations of the label. Influences include weights.
    """

    measurement: Measurement
    rows: int
    inside: float
    outside: float
    influence: Callable[[], np.ndarray]


def measured_gap(rows: LossRows, inside: np.ndarray) -> Gap:
    """Measure the gap of the slice that holds the rows ``inside``, bool, one a row."""
    side = np.where(inside, 0, 1)
    return _of_errors(rows, side) if rows.target is None else _of_distances(rows, side, rows.target)


def _of_errors(rows: LossRows, side: np.ndarray) -> Gap:
    errors = _error_rates(rows, side)
    inside, outside = errors.value.tolist()
    sizes = np.bincount(side, minlength=2).tolist()
    measurement = Measurement(
        metric="slices.worst_gap",
        value=inside - outside,
        n=len(side),
        smallest_n=min(sizes),
        method="mover-difference",
        counts={"unprivileged": errors.counts(0), "privileged": errors.counts(1)},
    )
    return Gap(measurement, sizes[0], inside, outside, lambda: _influence(rows, side, errors))


def _error_rates(rows: LossRows, side: np.ndarray) -> Rates:
    """Return the rates of errors of slice and rest, which may have clusters in common."""
    event = rows.loss > 0.0
    errors = rates(event, side, 2, rows.weights, rows.clusters)
    if rows.clusters is None:
        return errors
    clustered = ClusteredRows(side, 2, rows.weights, rows.clusters)
    of_clusters = clustered.errors(event, np.ones(len(side), bool))
    share = share_left_of_differences(implied_variance(errors), clustered, [of_clusters])[0]
    return errors.of_trials(np.full(2, share))


def _influence(rows: LossRows, side: np.ndarray, errors: Rates) -> np.ndarray:
    total = Partition(side, 2, rows.weights, None).total()
    sign = np.array([1.0, -1.0])
    return _weighted(rows, sign[side] * (rows.loss - errors.value[side]) / total[side])


def _of_distances(rows: LossRows, side: np.ndarray, target: np.ndarray) -> Gap:
    gap = mean_gap(rows.loss, target, side, rows.weights, rows.clusters)
    means = Partition(side, 2, rows.weights, None).mean(rows.loss) / gap.deviation
    measurement = Measurement(
        metric="slices.worst_error_gap",
        value=gap.value,
        n=len(side),
        smallest_n=min(gap.rows),
        method="mean-t",
        se=_error(gap, means, rows.loss.max() / gap.deviation) if np.isfinite(gap.error) else None,
        counts={"rows": [float(gap.sizes.min())]},
    )
    return Gap(
        measurement, gap.rows[0], float(means[0]), float(means[1]), lambda: _weighted(rows, gap.influence)
    )


def _error(gap: MeanGap, means: np.ndarray, worst: float) -> float:
    """Return the standard error as if either side had one more row as bad as the worst of all.

    A slice of fifty rows often has none of the large errors that are rare: its own spread says nothing about them.
    """
    return float(np.hypot(gap.error, np.hypot(*((worst - means[:2]) / (gap.sizes + 1.0)))))


def _weighted(rows: LossRows, influence: np.ndarray) -> np.ndarray:
    return influence if rows.weights is None else influence * rows.weights
