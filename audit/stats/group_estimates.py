"""Means and AUC with standard errors, group by group, under row weights and clusters."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from audit.stats.group_rates import cluster_members, cluster_size


@dataclass(frozen=True)
class Partition:
    """Rows in groups: ``codes`` (int, one a row) below ``number``, with their weights and clusters if any."""

    codes: np.ndarray
    number: int
    weights: np.ndarray | None
    clusters: np.ndarray | None

    @cached_property
    def sortable_codes(self) -> np.ndarray:
        """The codes in the smallest type: of 16 bits, NumPy sorts them several times as fast."""
        return self.codes.astype(np.int16) if self.number <= np.iinfo(np.int16).max else self.codes

    def total(self, values: np.ndarray | None = None) -> np.ndarray:
        """Return each group's weighted sum of ``values`` (one a row; None for ones), float64."""
        if self.weights is not None:
            values = self.weights if values is None else self.weights * values
        return self._sums(values)

    def _sums(self, values: np.ndarray | None) -> np.ndarray:
        if self.number == 1:  # the whole table: a plain sum is twenty times as fast
            return np.array([len(self.codes) if values is None else values.sum()], float)
        return np.bincount(self.codes, values, self.number).astype(float)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Return each group's weighted mean."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.total(values) / self.total())

    def standard_error(self, influence: np.ndarray) -> np.ndarray:
        """Return each group's standard error of a mean whose rows have these influences (mean zero in each).

        Independent rows, or with clusters the linearized estimate of surveys; NaN for a single one.
        """
        return self.moments(influence)[0]

    def moments(self, influence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return `standard_error`, and the skewness of the observations behind it: rows, or clusters.

        A mean under unequal weights is as skewed as one of `effective_rows` equal rows of this skewness. 0 without a
        spread.
        """
        owner = self.codes
        observations = influence if self.weights is None else self.weights * influence
        if self.clusters is not None:
            owner, member = cluster_members(self.codes, self.clusters)
            observations = np.bincount(member, observations, len(owner))
        squares = observations * observations
        number, square, cube = (
            np.bincount(owner, values, self.number) for values in (None, squares, squares * observations)
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.sqrt(square * number / (number - 1)) / self.total()
            skewness = cube / square**1.5 * np.sqrt(self.effective_rows())
        return np.asarray(error), np.nan_to_num(skewness, posinf=0.0, neginf=0.0)

    def largest(self, values: np.ndarray) -> np.ndarray:
        """Return each group's greatest of ``values`` (one a row); minus infinity for an empty group."""
        largest = np.full(self.number, -np.inf)
        np.maximum.at(largest, self.codes, values)
        return largest

    def effective_rows(self) -> np.ndarray:
        """Return each group's number of independent observations: clusters, or Kish's size, or rows."""
        if self.clusters is not None:
            return cluster_size(self.codes, self.number, self.weights, self.clusters)
        if self.weights is None:
            return self.total()
        return np.asarray(self.total() ** 2 / self._sums(self.weights**2))


def auc(
    label: np.ndarray, score: np.ndarray, weights: np.ndarray | None, clusters: np.ndarray | None
) -> tuple[float, float]:
    """Return the area under the ROC curve and DeLong's standard error.

    Args:
        label: bool, ``(rows,)``; True is the positive class.
        score: ``(rows,)``, sorted upwards; ties count half.
        weights: row weights; each placement value is weighted by its row.
        clusters: cluster codes; the variance is then that between clusters (Obuchowski 1997).

    Returns:
        The area in [0, 1] and its standard error; NaN where a class has no weight or a single row.
    """
    w = None if weights is None else np.asarray(weights, float)
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)  # of each run of equal scores
    rows = np.diff(last, prepend=-1)
    plus, minus = (_runs(side if w is None else w * side, last) for side in (label, ~label))
    positive = float(plus.sum())
    negative = float(minus.sum())
    if not (positive and negative):
        return float("nan"), float("nan")
    above = 1 - _midpoints(plus) / positive  # share of positive weight above each run, ties half
    below = _midpoints(minus) / negative
    value = float(plus @ below / positive)
    if clusters is not None:
        influence = np.where(
            label, np.repeat(below - value, rows) / positive, np.repeat(above - value, rows) / negative
        )
        weighted = influence if w is None else w * influence
        owner, member = cluster_members(np.zeros(len(label), np.int64), clusters)
        squares_of_sums = np.bincount(member, weighted) ** 2
        return value, float(np.sqrt(np.bincount(owner, squares_of_sums)[0] * _unbiased(len(owner))))
    squares = (plus, minus) if w is None else (_runs(w * w * side, last) for side in (label, ~label))
    sides = ((below, positive, label.sum()), (above, negative, (~label).sum()))
    variance = 0.0
    for square, (placement, total, number) in zip(squares, sides, strict=True):
        variance += float(square @ (placement - value) ** 2) / total**2 * _unbiased(int(number))
    return value, float(np.sqrt(variance))


def aucs(
    label: np.ndarray, score: np.ndarray, rows: Partition, rising: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the `auc` of every group with its standard error, from one order of all rows.

    Args:
        label: bool, one a row; True is the positive class.
        score: one a row.
        rows: the groups.
        rising: places of the rows by rising score, ties in any order.
    """
    order = rising if rows.number == 1 else rising[np.argsort(rows.sortable_codes[rising], kind="stable")]
    group, label, score = (part[order] for part in (rows.sortable_codes, label, score))
    is_last = score[1:] != score[:-1]
    if rows.number > 1:
        is_last |= group[1:] != group[:-1]
    last = np.flatnonzero(np.append(is_last, True)).astype(rising.dtype)
    ranked = _RankedRows(label, group, last, rows.number)
    weights = None if rows.weights is None else rows.weights[order]
    area = ranked.area(weights)
    if rows.clusters is None:
        return area.value, ranked.standard_error(area, weights)
    return area.value, ranked.clustered_error(area, weights, rows.clusters[order])


class _Area(NamedTuple):
    """Areas by group, with the weight of both classes by group, and the placements of each run of equal scores."""

    value: np.ndarray
    positive: np.ndarray
    negative: np.ndarray
    above: np.ndarray
    below: np.ndarray


@dataclass(frozen=True)
class _RankedRows:
    """Rows by group and rising score; ``last`` are the ends of the runs of equal scores in a group."""

    label: np.ndarray
    group: np.ndarray
    last: np.ndarray
    groups: int

    @cached_property
    def _owner(self) -> np.ndarray:
        """The group of each run."""
        return np.asarray(self.group[self.last])

    @cached_property
    def _runs_up_to(self) -> np.ndarray:
        """The number of runs up to the end of each group."""
        return np.cumsum(np.bincount(self._owner, minlength=self.groups))

    def area(self, weights: np.ndarray | None) -> _Area:
        """Return the areas and what they are made of; NaN where a class has no weight."""
        favorable = self._up_to(self.label, weights)
        positive, above = self._placed_within(favorable)
        negative, below = self._placed_within(self._up_to(~self.label, weights))
        with np.errstate(divide="ignore", invalid="ignore"):
            value = self._by_group(_steps(favorable) * below) / positive
        value[(positive == 0) | (negative == 0)] = np.nan
        return _Area(value, positive, negative, 1 - above, below)

    def standard_error(self, area: _Area, weights: np.ndarray | None) -> np.ndarray:
        """Return DeLong's standard errors of independent rows."""
        squares = None if weights is None else weights * weights
        sides = ((self.label, area.below, area.positive), (~self.label, area.above, area.negative))
        variance = np.zeros(self.groups)
        with np.errstate(divide="ignore", invalid="ignore"):
            for side, placement, total in sides:
                number = np.bincount(self.group[side], minlength=self.groups)
                square = _steps(self._up_to(side, squares))
                spread = self._by_group(square * (placement - self._of_runs(area.value)) ** 2)
                variance += spread / total**2 * np.where(number > 1, number / (number - 1), np.nan)
        return np.sqrt(variance)

    def clustered_error(self, area: _Area, weights: np.ndarray | None, clusters: np.ndarray) -> np.ndarray:
        """Return the standard errors between clusters (Obuchowski 1997)."""
        run = np.repeat(np.arange(len(self.last)), np.diff(self.last, prepend=-1))
        with np.errstate(divide="ignore", invalid="ignore"):
            of_positive, of_negative = (
                (placement - self._of_runs(area.value)) / self._of_runs(total)
                for placement, total in ((area.below, area.positive), (area.above, area.negative))
            )
            influence = np.where(self.label, of_positive[run], of_negative[run])
            owner, member = cluster_members(self.group, clusters)
            sums = np.bincount(member, influence if weights is None else weights * influence, len(owner))
            number = np.bincount(owner, minlength=self.groups)
            unbiased = np.where(number > 1, number / (number - 1), np.nan)
            return np.sqrt(np.bincount(owner, sums**2, self.groups) * unbiased)

    def _up_to(self, side: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        """Return the weight of one class up to the end of each run, over all groups."""
        if weights is None:
            return np.asarray(np.cumsum(side, dtype=self.last.dtype)[self.last])
        return np.asarray(np.cumsum(weights * side)[self.last])

    def _placed_within(self, up_to: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the weight of a class by group, and for each run the share of it that is lower, ties half."""
        ends = up_to[-1:] if self.groups == 1 else np.append(0, up_to)[self._runs_up_to]
        totals = _steps(ends).astype(float)
        middle = up_to - _steps(up_to) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            return totals, (middle - self._of_runs(ends - totals)) / self._of_runs(totals)

    def _of_runs(self, of_groups: np.ndarray) -> np.ndarray:
        return of_groups if self.groups == 1 else of_groups[self._owner]

    def _by_group(self, values: np.ndarray) -> np.ndarray:
        if self.groups == 1:
            return np.array([values.sum()], float)
        return np.bincount(self._owner, values, self.groups).astype(float)


def _steps(up_to: np.ndarray) -> np.ndarray:
    """Return what each entry of a cumulative sum adds."""
    return np.diff(up_to, prepend=up_to.dtype.type(0))


def _runs(values: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return the sum of ``values`` over each run that ends at ``last``."""
    return np.diff(np.cumsum(values)[last], prepend=0)


def _midpoints(weight: np.ndarray) -> np.ndarray:
    """Return for each run the weight of all lower runs plus half of its own."""
    return np.asarray(np.cumsum(weight) - weight / 2)


def _unbiased(rows: int) -> float:
    return rows / (rows - 1) if rows > 1 else float("nan")
