"""Proportions by group, with their effective counts under weights and clusters."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rates:
    """Proportions of several groups; arrays have one entry a group.

    ``value`` is the (weighted) proportion, NaN where ``rows`` is 0. Intervals use ``events`` of ``trials``: the counts
    of rows, or with weights or clusters the effective counts.
    """

    value: np.ndarray
    rows: np.ndarray
    events: np.ndarray
    trials: np.ndarray

    def counts(self, group: int) -> list[float]:
        """Return ``[events, trials]`` of one group."""
        return [float(self.events[group]), float(self.trials[group])]

    def every(self, step: int, start: int) -> "Rates":
        """Return every ``step``-th group from ``start`` on."""
        return Rates(*(values[start::step] for values in (self.value, self.rows, self.events, self.trials)))


@dataclass(frozen=True)
class CellCounts:
    """Rows counted by group, label and prediction; one entry for each combination that occurs.

    ``rows`` are counts, ``weight`` sums of weights and ``square`` sums of squared weights.
    """

    group: np.ndarray
    label: np.ndarray
    predicted: np.ndarray
    rows: np.ndarray
    weight: np.ndarray
    square: np.ndarray


def count_cells(
    group: np.ndarray, label: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None
) -> CellCounts:
    """Count rows by group (int codes), label and prediction (bool), one entry a row each."""
    cell = group.astype(np.int64) * 4 + label * 2 + predicted
    rows = np.bincount(cell)
    occurs = np.flatnonzero(rows)
    weight = rows if weights is None else np.bincount(cell, weights)
    square = rows if weights is None else np.bincount(cell, weights**2)
    label_of_cell = occurs // 2 % 2 == 1
    predicted_of_cell = occurs % 2 == 1
    return CellCounts(
        occurs // 4, label_of_cell, predicted_of_cell, rows[occurs], weight[occurs], square[occurs]
    )


def rates_of_cells(event: np.ndarray, within: np.ndarray, cells: CellCounts, groups: int) -> Rates:
    """Return the share of ``event`` (bool, one a cell) among the cells that are ``within``, by group."""
    group = cells.group[within]

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(group, values[within], groups)

    rows = total(cells.rows).astype(np.int64)
    return _kish(total(cells.weight * event), total(cells.weight), total(cells.square), rows)


def rates(
    event: np.ndarray,
    group: np.ndarray,
    groups: int,
    weights: np.ndarray | None = None,
    clusters: np.ndarray | None = None,
) -> Rates:
    """Return the share of ``event`` (bool, one a row) within each group (int codes, one a row).

    Weights give Kish's effective size, (sum w)² / sum w². With clusters it is that of the clusters' weights: all
    rows of a cluster count as one observation. That is exact where they agree and wide where they do not; the
    design effect estimated from few clusters, or from a rate near 0 or 1, is far too small (coverage down to 72 %).
    """
    if weights is None and clusters is None:
        counts = np.bincount(group.astype(np.int64) * 2 + event, minlength=2 * groups).reshape(groups, 2)
        rows = counts.sum(1)
        events = counts[:, 1].astype(float)
        return Rates(_divided(events, rows), rows, events, rows.astype(float))
    w = np.ones(len(event)) if weights is None else weights
    total = np.bincount(group, w, groups)
    square = np.bincount(group, w * w, groups)
    rows = np.bincount(group, minlength=groups)
    of_rows = _kish(np.bincount(group, w * event, groups), total, square, rows)
    if clusters is None:
        return of_rows
    trials = cluster_size(group, groups, weights, clusters)
    return Rates(of_rows.value, of_rows.rows, np.nan_to_num(of_rows.value) * trials, trials)


def _kish(events: np.ndarray, total: np.ndarray, square: np.ndarray, rows: np.ndarray) -> Rates:
    trials = np.nan_to_num(_divided(total**2, square))
    return Rates(_divided(events, total), rows, np.nan_to_num(_divided(events * total, square)), trials)


def cluster_size(
    group: np.ndarray, groups: int, weights: np.ndarray | None, clusters: np.ndarray
) -> np.ndarray:
    """Return the effective number of clusters in each group: Kish's size over the clusters' weights."""
    owner, member = cluster_members(group, clusters)
    weight = np.bincount(member, weights, len(owner))
    total = np.bincount(owner, weight, groups)
    return np.asarray(np.nan_to_num(_divided(total**2, np.bincount(owner, weight**2, groups))))


def cluster_members(group: np.ndarray, clusters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the group of every cluster within a group, and the index of each row's cluster among them."""
    pair = group.astype(np.int64) * (int(clusters.max(initial=0)) + 1) + clusters
    _, first, member = np.unique(pair, return_index=True, return_inverse=True)
    return group[first], member


def _divided(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(numerator / denominator)
