"""Gap between the loss on a slice and that on the other rows, on rows that had no part in choosing the slice."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from audit.checks.slices.losses import row_losses
from audit.data.row_sample import take_rows
from audit.result import Measurement
from audit.stats.group_estimates import Partition
from audit.stats.group_rates import Rates, rates
from audit.stats.influence import Influence
from audit.stats.joint_variance import ClusteredRows, implied_variance, share_left_of_differences
from audit.stats.mean_gap import mean_gap
from audit.subject.predictions import Regressed
from audit.subject.subject import Subject


class Gap(NamedTuple):
    """A measured gap, the number of rows of the slice, the mean losses on it and outside, and the rows behind the gap.

    Losses are shares of errors, or absolute errors in standard deviations of the label.
    """

    measurement: Measurement
    inside_rows: int
    inside: float
    outside: float
    trace: Callable[[], Influence]


@dataclass(frozen=True)
class MeasuredRows:
    """The held-out rows, by their indices among the audited rows, with what is measured on them."""

    index: np.ndarray
    loss: np.ndarray
    target: np.ndarray | None
    weights: np.ndarray | None
    clusters: np.ndarray | None
    audited: int

    @classmethod
    def of(cls, subject: Subject, index: np.ndarray) -> "MeasuredRows":
        """Return the rows of a subject at these indices."""
        scores = subject.scores
        rows = cls(
            index=np.arange(subject.rows),
            loss=row_losses(scores),
            target=scores.target.astype(np.float64) if isinstance(scores, Regressed) else None,
            weights=subject.weights,
            clusters=subject.clusters,
            audited=subject.rows,
        )
        return take_rows(rows, index)

    def gap(self, inside: np.ndarray) -> Gap:
        """Measure the slice that holds the rows ``inside``, bool, one a measured row."""
        side = np.where(inside, 0, 1)
        return self._of_errors(side) if self.target is None else self._of_distances(side, self.target)

    def _of_errors(self, side: np.ndarray) -> Gap:
        errors = self._error_rates(side)
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
        return Gap(measurement, sizes[0], inside, outside, lambda: self._trace(self._influence(side, errors)))

    def _error_rates(self, side: np.ndarray) -> Rates:
        """Return the rates of errors of slice and rest, which may have clusters in common."""
        event = self.loss > 0.0
        errors = rates(event, side, 2, self.weights, self.clusters)
        if self.clusters is None:
            return errors
        rows = ClusteredRows(side, 2, self.weights, self.clusters)
        of_clusters = rows.errors(event, np.ones(len(side), bool))
        share = share_left_of_differences(implied_variance(errors), rows, [of_clusters])[0]
        return errors.of_trials(np.full(2, share))

    def _influence(self, side: np.ndarray, errors: Rates) -> np.ndarray:
        """Return each row's influence on the difference of the rates, without its weight."""
        total = Partition(side, 2, self.weights, None).total()
        return np.asarray(np.array([1.0, -1.0])[side] * (self.loss - errors.value[side]) / total[side])

    def _of_distances(self, side: np.ndarray, target: np.ndarray) -> Gap:
        gap = mean_gap(self.loss, target, side, self.weights, self.clusters)
        inside, outside = (Partition(side, 2, self.weights, None).mean(self.loss) / gap.deviation).tolist()
        measurement = Measurement(
            metric="slices.worst_error_gap",
            value=gap.value,
            n=len(side),
            smallest_n=min(gap.rows),
            method="mean-t",
            se=gap.error if np.isfinite(gap.error) else None,
            counts={"rows": [float(gap.sizes.min())]},
        )
        return Gap(measurement, gap.rows[0], inside, outside, lambda: self._trace(gap.influence))

    def _trace(self, influence: np.ndarray) -> Influence:
        values = np.zeros(self.audited)
        values[self.index] = influence if self.weights is None else influence * self.weights
        return Influence(values)
