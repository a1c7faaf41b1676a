"""One-hot groups: 0/1 columns of a matrix of which every row has exactly one 1.

In a table that was encoded by hand (``pandas.get_dummies``) they are the categories of one column.
"""

from collections.abc import Iterator, Sequence
from itertools import takewhile

import numpy as np

_ROWS_AT_A_TIME = 2**14


def one_hot_groups(matrices: Sequence[np.ndarray], names: Sequence[str]) -> list[list[int]]:
    """Return the groups of columns that are 0 or 1 and sum to one in every row of all matrices.

    Columns that follow one another come first: from any column on, at most one run of columns sums to one. Of runs that
    overlap, as where a column is there twice, those with a longer common beginning of their names win. Among the others
    a column is in a group if it and all columns that are never 1 together with it sum to one: then no other group has
    it. What is open still stays ungrouped. A column that is always 0 or always 1 is in no group.

    Args:
        matrices: rows ``(n, columns)`` each.
        names: of the columns.

    Returns:
        The indices of each group's columns, rising, two or more; no column is in two groups.
    """
    candidates = _candidates(matrices)
    flags = np.concatenate([(matrix[:, candidates] == 1).T for matrix in matrices], axis=1)
    groups = _runs(flags, [names[column] for column in candidates])
    grouped = {place for group in groups for place in group}
    left = [place for place in range(len(flags)) if place not in grouped]
    groups += [[left[place] for place in group] for group in _exclusive(flags[left])] if left else []
    return sorted([int(candidates[place]) for place in group] for group in groups)


def _candidates(matrices: Sequence[np.ndarray]) -> np.ndarray:
    """Return the columns that hold both 0 and 1, and nothing else."""
    only = np.ones(matrices[0].shape[1], bool)
    zero = np.zeros(len(only), bool)
    one = zero.copy()
    for matrix in matrices:
        for start in range(0, len(matrix), _ROWS_AT_A_TIME):
            part = matrix[start : start + _ROWS_AT_A_TIME]
            is_zero, is_one = part == 0, part == 1
            only &= (is_zero | is_one).all(0)
            zero |= is_zero.any(0)
            one |= is_one.any(0)
    return np.flatnonzero(only & zero & one)


def _runs(flags: np.ndarray, names: Sequence[str]) -> list[list[int]]:
    """Return runs of consecutive columns that sum to one, none of which overlap; ``flags`` is ``(columns, rows)``."""

    def rank(run: range) -> tuple[int, int]:
        letters = zip(*(names[column] for column in run), strict=False)
        return -sum(1 for _ in takewhile(lambda at: len(set(at)) == 1, letters)), run.start

    runs: list[range] = []
    used: set[int] = set()
    for run in sorted(_all_runs(flags), key=rank):
        if used.isdisjoint(run):
            runs.append(run)
            used.update(run)
    return [list(run) for run in runs]


def _all_runs(flags: np.ndarray) -> Iterator[range]:
    """Yield every run that sums to one: it ends before any row has a second 1, and not before each has its first."""
    columns, rows = flags.shape
    first = np.full(rows, columns, np.int32)  # of each row, the first column from here on that is 1
    second = first.copy()
    for column in reversed(range(columns)):
        second = np.where(flags[column], first, second)
        first = np.where(flags[column], np.int32(column), first)
        last = int(first.max())
        if last < int(second.min()):
            yield range(column, last + 1)


def _exclusive(flags: np.ndarray) -> Iterator[list[int]]:
    """Yield the groups that are made of a column and all columns that are never 1 together with it."""
    joint_counts = np.zeros((len(flags), len(flags)))
    for start in range(0, flags.shape[1], _ROWS_AT_A_TIME):
        part = flags[:, start : start + _ROWS_AT_A_TIME].astype(np.float32)
        joint_counts += part @ part.T
    count = np.diag(joint_counts).copy()
    exclusive = joint_counts == 0
    np.fill_diagonal(exclusive, True)
    is_open = np.ones(len(flags), bool)
    while is_open.any():
        reach = np.where(is_open, (exclusive * is_open) @ count, 0)
        short = is_open & (reach < flags.shape[1])
        closed = np.flatnonzero(reach == flags.shape[1])
        if short.any():  # with all that it goes together with, it does not reach one: it is in no group
            is_open &= ~short
        elif len(closed):
            group = np.flatnonzero(exclusive[closed[0]] & is_open)
            is_group = bool(exclusive[np.ix_(group, group)].all())
            is_open[group if is_group else closed[0]] = False
            if is_group:
                yield group.tolist()
        else:
            return
