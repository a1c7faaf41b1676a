"""Areas under the ROC curve of all groups of rows, with their standard errors, from rows sorted by score."""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np

from audit.stats.effective_size import divided
from audit.stats.group_estimates import Partition
from audit.stats.group_rates import cluster_members
from audit.stats.row_blocks import BLOCK_ROWS, compact, nested_counts


def aucs(
    label: np.ndarray, score: np.ndarray, rows: Partition, rising: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the `audit.stats.group_estimates.auc` of every group with its standard error, from one order of all rows.

    Args:
        label: bool, one a row; True is the positive class.
        score: one a row.
        rows: the groups.
        rising: places of the rows by rising score, ties in any order.
    """
    ranked = _RankedRows(label, score, rows, rising)
    area = ranked.area()
    if rows.clusters is None:
        return area, ranked.standard_error(area)
    return area, ranked.clustered_error(area, rows.clusters)


class _Sides(NamedTuple):
    """Numbers of the rows with an unfavourable label, and of those with a favourable one."""

    negative: np.ndarray
    positive: np.ndarray


class _Runs:
    """Rows of some range of scores, in runs of equal scores within a group.

    Args:
        group: group of each row, rising.
        score: score of each row, rising within a group.
        label: label of each row.
        groups: number of groups.
        weights: of the rows, or None.
    """

    def __init__(
        self,
        group: np.ndarray,
        score: np.ndarray,
        label: np.ndarray,
        groups: int,
        weights: np.ndarray | None,
    ) -> None:
        self.label = label
        is_last = score[1:] != score[:-1]
        if groups > 1:
            is_last |= group[1:] != group[:-1]
        self.last = np.flatnonzero(np.append(is_last, True))
        self.owner = group[self.last]
        self._groups = groups
        self._weights = weights

    @cached_property
    def weight(self) -> _Sides:
        """Weight of each run."""
        return _Sides(*map(_steps, self._up_to))

    @cached_property
    def square(self) -> _Sides:
        """Squared weights of each run."""
        if self._weights is None:
            return self.weight
        squares = self._weights * self._weights
        return _Sides(*(_steps(np.cumsum(squares * side)[self.last]) for side in (~self.label, self.label)))

    @cached_property
    def total(self) -> _Sides:
        """Weight of each group."""
        return _Sides(*(_steps(ends).astype(float) for ends in self._ends))

    @cached_property
    def lower(self) -> _Sides:
        """Weight of the rows of the same group that are below each run, ties half."""
        parts = zip(self._up_to, self.weight, self._ends, self.total, strict=True)
        return _Sides(
            *(up_to - weight / 2 - self.of_runs(ends - total) for up_to, weight, ends, total in parts)
        )

    @cached_property
    def _up_to(self) -> _Sides:
        """Weight up to the end of each run, over all groups."""
        if self._weights is None:
            favorable = np.cumsum(self.label, dtype=np.int32)[self.last]
            return _Sides((self.last + 1).astype(np.int32) - favorable, favorable)
        return _Sides(*(np.cumsum(self._weights * side)[self.last] for side in (~self.label, self.label)))

    @cached_property
    def _ends(self) -> _Sides:
        """Weight up to the end of each group."""
        runs = np.cumsum(np.bincount(self.owner, minlength=self._groups))
        return _Sides(*(np.append(0, up_to)[runs] for up_to in self._up_to))

    def of_runs(self, of_groups: np.ndarray) -> np.ndarray:
        """Return the value of each run's group."""
        return of_groups if self._groups == 1 else of_groups[self.owner]

    def by_group(self, values: np.ndarray) -> np.ndarray:
        """Return the sums of one value a run."""
        if self._groups == 1:
            return np.array([values.sum()], float)
        return np.bincount(self.owner, values, self._groups).astype(float)


class _RankedRows:
    """All rows by rising score: in blocks where each counts as one, else at once."""

    def __init__(self, label: np.ndarray, score: np.ndarray, rows: Partition, rising: np.ndarray) -> None:
        self._label = label
        self._score = score
        self._rows = rows
        self._rising = rising
        self._numbers = _Sides(*nested_counts(rows.codes, label, rows.number, 2).T)

    def _by_group(self, places: np.ndarray) -> np.ndarray:
        """Return places of rows in the order of their groups; of 16 bits or less, NumPy sorts codes in linear time."""
        if self._rows.number == 1:
            return places
        codes = compact(self._rows.codes[places], self._rows.number)
        return places[np.argsort(codes, kind="stable")]

    def _runs(self, order: np.ndarray) -> _Runs:
        weights = None if self._rows.weights is None else self._rows.weights[order]
        group = self._rows.codes[order]
        return _Runs(group, self._score[order], self._label[order], self._rows.number, weights)

    @cached_property
    def _order(self) -> np.ndarray:
        """Places of all rows by group and rising score."""
        return self._by_group(self._rising)

    @cached_property
    def _single(self) -> _Runs:
        return self._runs(self._order)

    def _parts(self) -> Iterator[_Runs]:
        if self._rows.weights is not None or self._rows.clusters is not None:
            yield self._single
            return
        for block in self._blocks():
            yield self._runs(self._by_group(self._rising[block]))

    def _blocks(self) -> Iterator[slice]:
        """Yield blocks of the rising rows that cut no run of equal scores."""
        start = 0
        rows = len(self._rising)
        while start < rows:
            end = min(start + BLOCK_ROWS, rows)
            last = self._score[self._rising[end - 1]]
            while end < rows and self._score[self._rising[end]] == last:
                others = self._score[self._rising[end : end + BLOCK_ROWS]] != last
                end += int(others.argmax()) if others.any() else len(others)
            yield slice(start, end)
            start = end

    @cached_property
    def _total(self) -> _Sides:
        """Weight of each group."""
        if self._rows.weights is None:
            return _Sides(*(number.astype(float) for number in self._numbers))
        return self._single.total

    def _placed(self) -> Iterator[tuple[_Runs, np.ndarray, np.ndarray]]:
        """Yield parts with the shares, by run, of the group's negatives below, and of its positives above."""
        before = np.zeros((2, self._rows.number))
        for runs in self._parts():
            below, not_above = (
                divided(lower + runs.of_runs(rows), runs.of_runs(total))
                for lower, rows, total in zip(runs.lower, before, self._total, strict=True)
            )
            yield runs, below, 1 - not_above
            before += runs.total

    def area(self) -> np.ndarray:
        """Return the areas; NaN where a class has no weight."""
        above_others = np.zeros(self._rows.number)
        negative, positive = self._total
        for runs, below, _ in self._placed():
            above_others += runs.by_group(runs.weight.positive * below)
        area = divided(above_others, positive)
        area[(positive == 0) | (negative == 0)] = np.nan
        return area

    def standard_error(self, area: np.ndarray) -> np.ndarray:
        """Return DeLong's standard errors of independent rows."""
        positive = np.zeros(self._rows.number)
        negative = np.zeros(self._rows.number)
        for runs, below, above in self._placed():
            center = runs.of_runs(area)
            positive += runs.by_group(runs.square.positive * (below - center) ** 2)
            negative += runs.by_group(runs.square.negative * (above - center) ** 2)
        variance = np.zeros(self._rows.number)
        for spread, total, number in zip(
            (positive, negative), self._total[::-1], self._numbers[::-1], strict=True
        ):
            variance += divided(spread, total**2) * _unbiased(number)
        return np.sqrt(variance)

    def clustered_error(self, area: np.ndarray, clusters: np.ndarray) -> np.ndarray:
        """Return the standard errors between clusters (Obuchowski 1997)."""
        ((runs, below, above),) = self._placed()
        order = self._order
        run = np.repeat(np.arange(len(runs.last)), np.diff(runs.last, prepend=-1))
        of_negative, of_positive = (
            divided(placement - runs.of_runs(area), runs.of_runs(total))
            for placement, total in zip((above, below), self._total, strict=True)
        )
        influence = np.where(runs.label, of_positive[run], of_negative[run])
        weights = self._rows.weights
        owner, member = cluster_members(runs.owner[run], clusters[order])
        weighted = influence if weights is None else weights[order] * influence
        sums = np.bincount(member, weighted, len(owner))
        unbiased = _unbiased(np.bincount(owner, minlength=self._rows.number))
        return np.asarray(np.sqrt(np.bincount(owner, sums**2, self._rows.number) * unbiased))


def _steps(up_to: np.ndarray) -> np.ndarray:
    """Return what each entry of a cumulative sum adds."""
    return np.diff(up_to, prepend=up_to.dtype.type(0))


def _unbiased(rows: np.ndarray) -> np.ndarray:
    return np.where(rows > 1, divided(rows, rows - 1), np.nan)
