"""Areas under the ROC curve of all groups of rows, with their standard errors, from rows sorted by score."""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np

from audit.stats.effective_size import divided
from audit.stats.group_estimates import Partition
from audit.stats.group_rates import cluster_members
from audit.stats.ranks import ALL_RANKS, packed_rows, parts_of_ranks
from audit.stats.row_blocks import BLOCK_ROWS, code_counts, nested


def aucs(label: np.ndarray, rank: np.ndarray, rows: Partition) -> tuple[np.ndarray, np.ndarray]:
    """Return the `audit.stats.group_estimates.auc` of every group with its standard error.

    Args:
        label: bool, one a row; True is the positive class.
        rank: the `audit.stats.ranks.ranks` of the scores.
        rows: the groups.
    """
    ranked = _RankedRows(label, rank, rows)
    area = ranked.area()
    if rows.clusters is None:
        return area, ranked.standard_error(area)
    return area, ranked.clustered_error(area, rows.clusters)


class _Sides(NamedTuple):
    """Numbers of the rows with an unfavourable label, and of those with a favourable one."""

    negative: np.ndarray
    positive: np.ndarray


class _Runs:
    """Sorted rows of some range of scores, in runs of equal scores within a group.

    Args:
        packed: `packed_rows`, sorted.
        groups: number of groups.
        weights: in the same order, or None.
    """

    def __init__(self, packed: np.ndarray, groups: int, weights: np.ndarray | None) -> None:
        self.label = (packed & 1).astype(bool)
        key = packed >> 1
        self.last = np.flatnonzero(np.append(key[1:] != key[:-1], True))
        self.owner = (key[self.last] >> 32).astype(np.intp)
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
    """All rows: sorted at once, or where each counts as one, in parts of rising scores."""

    def __init__(self, label: np.ndarray, rank: np.ndarray, rows: Partition) -> None:
        self._label = label
        self._rank = rank
        self._rows = rows
        numbers = code_counts(nested(rows.codes, label, rows.number, 2), 2 * rows.number)
        self._numbers = _Sides(numbers[::2], numbers[1::2])
        self._count_as_one = rows.weights is None and rows.clusters is None
        self._ranges = list(parts_of_ranks(rank)) if self._count_as_one else [ALL_RANKS]

    def _packed(self, part: tuple[int, int]) -> np.ndarray:
        return packed_rows(self._rows.codes, self._rank, self._label, part)

    @cached_property
    def _order(self) -> np.ndarray:
        """Places of the rows by group and rising score, ties in any order."""
        return np.argsort(self._packed(ALL_RANKS))

    @cached_property
    def _single(self) -> _Runs:
        """The runs of all rows, in the order of `_order`."""
        packed = self._packed(ALL_RANKS)[self._order]
        weights = self._rows.weights
        return _Runs(packed, self._rows.number, None if weights is None else weights[self._order])

    @cached_property
    def _sorted(self) -> np.ndarray:
        """The rows of the only range, sorted once for all passes."""
        return np.sort(self._packed(ALL_RANKS))

    def _parts(self) -> Iterator[_Runs]:
        """Yield blocks of runs. Of many rows a range is sorted anew for each pass, so that one at a time is held."""
        if not self._count_as_one:
            yield self._single
            return
        for part in self._ranges:
            packed = self._sorted if part == ALL_RANKS else np.sort(self._packed(part))
            for block in _blocks_of_runs(packed):
                yield _Runs(packed[block], self._rows.number, None)

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


def _blocks_of_runs(packed: np.ndarray) -> Iterator[slice]:
    """Yield blocks of sorted rows that cut no run of equal scores."""
    start = 0
    while start < len(packed):
        last = min(start + BLOCK_ROWS, len(packed)) - 1
        end = int(np.searchsorted(packed, packed[last] | 1, side="right"))
        yield slice(start, end)
        start = end


def _steps(up_to: np.ndarray) -> np.ndarray:
    """Return what each entry of a cumulative sum adds."""
    return np.diff(up_to, prepend=up_to.dtype.type(0))


def _unbiased(rows: np.ndarray) -> np.ndarray:
    return np.where(rows > 1, divided(rows, rows - 1), np.nan)
