"""Proportions by group, with their effective counts under weights and clusters."""

from dataclasses import dataclass, replace

import numpy as np

from audit.stats.effective_size import Weighed, divided, effective_size, linearized_size
from audit.stats.row_blocks import nested, nested_counts


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

    def of_trials(self, share: np.ndarray) -> "Rates":
        """Return the same proportions of a ``share`` of their effective trials, one a group."""
        return replace(self, events=self.events * share, trials=self.trials * share)

    def every(self, step: int, start: int) -> "Rates":
        """Return every ``step``-th group from ``start`` on."""
        return Rates(*(values[start::step] for values in (self.value, self.rows, self.events, self.trials)))


@dataclass(frozen=True)
class CellCounts:
    """Rows counted by group, label and prediction; one entry for each combination that occurs.

    ``rows`` are counts, ``weight`` sums of weights, ``square`` sums of squared weights and ``heaviest`` their maxima;
    without ``are_weighted`` each row weighs 1.
    """

    group: np.ndarray
    label: np.ndarray
    predicted: np.ndarray
    rows: np.ndarray
    weight: np.ndarray
    square: np.ndarray
    heaviest: np.ndarray
    are_weighted: bool = True


def count_cells(
    group: np.ndarray, label: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None
) -> CellCounts:
    """Count rows by group (int codes), label and prediction (bool), one entry a row each."""
    groups = int(group.max(initial=0)) + 1

    def outcome(block: slice) -> np.ndarray:
        return np.asarray(label[block] * 2 + predicted[block])

    rows = nested_counts(group, outcome, groups, 4).ravel()
    occurs = np.flatnonzero(rows)
    weight = square = rows
    heaviest = np.ones(len(rows))
    if weights is not None:
        cell = nested(group, outcome, groups, 4)
        weight, square = (np.bincount(cell, values, len(rows)) for values in (weights, weights**2))
        heaviest = heaviest_weights(weights, cell, len(rows))
    label_of_cell = occurs // 2 % 2 == 1
    predicted_of_cell = occurs % 2 == 1
    return CellCounts(
        group=occurs // 4,
        label=label_of_cell,
        predicted=predicted_of_cell,
        rows=rows[occurs],
        weight=weight[occurs],
        square=square[occurs],
        heaviest=heaviest[occurs],
        are_weighted=weights is not None,
    )


def rates_of_cells(event: np.ndarray, within: np.ndarray, cells: CellCounts, groups: int) -> Rates:
    """Return the share of ``event`` (bool, one a cell) among the cells that are ``within``, by group."""
    rows = np.bincount(cells.group[within], cells.rows[within], groups).astype(np.int64)
    if not cells.are_weighted:
        inside = within & event
        return _counted(np.bincount(cells.group[inside], cells.rows[inside], groups), rows)

    def weighed(members: np.ndarray) -> Weighed:
        group = cells.group[members]
        total, square = (
            np.bincount(group, values[members], groups) for values in (cells.weight, cells.square)
        )
        return Weighed(total, square, heaviest_weights(cells.heaviest[members], group, groups))

    return _weighted(rows, weighed(within & event), weighed(within & ~event))


def rates(
    event: np.ndarray,
    group: np.ndarray,
    groups: int,
    weights: np.ndarray | None = None,
    clusters: np.ndarray | None = None,
) -> Rates:
    """Return the share of ``event`` (bool, one a row) within each group (int codes, one a row).

    Weights give the `effective_size`, which respects that they may go with the event. With clusters it is at most
    Kish's size of the clusters' weights: all rows of a cluster count as one observation. That is exact where they
    agree and wide where they do not; the design effect estimated from few clusters, or from a rate near 0 or 1, is far
    too small (coverage down to 72 %).
    """
    return rates_by_class(event, group, groups, 1, weights, clusters)


def rates_by_class(
    event: np.ndarray, code: np.ndarray, codes: int, classes: int, weights: np.ndarray | None,
    clusters: np.ndarray | None,
) -> Rates:  # fmt: skip
    """Return `rates` by group and class of rows, whose code is the group's, times ``classes``, plus the class."""
    if weights is None and clusters is None:
        by_event = nested_counts(code, event, codes, 2)
        return _counted(by_event[:, 1].astype(float), by_event.sum(1))
    w = np.ones(len(event)) if weights is None else weights
    of_rows = _weighted(np.bincount(code, minlength=codes), *_weigh(event, code, codes, w), classes)
    return of_rows if clusters is None else _clustered(of_rows, event, code, w, clusters)


def _counted(events: np.ndarray, rows: np.ndarray) -> Rates:
    """Return the rates of independent rows without weights."""
    return Rates(divided(events, rows), rows, events, rows.astype(float))


def _weigh(event: np.ndarray, group: np.ndarray, groups: int, weights: np.ndarray) -> tuple[Weighed, Weighed]:
    """Return the weights of the events, and of the other rows, of each group."""
    code = group.astype(np.int64) * 2 + event
    total, square = (np.bincount(code, values, 2 * groups) for values in (weights, weights * weights))
    of_code = Weighed(total, square, heaviest_weights(weights, code, 2 * groups))
    return Weighed(*(part[1::2] for part in of_code)), Weighed(*(part[::2] for part in of_code))


def _weighted(rows: np.ndarray, events: Weighed, others: Weighed, classes: int = 1) -> Rates:
    """Return the rates of independent rows; of several classes, groups are compared within each."""

    def by_class(of: np.ndarray) -> np.ndarray:
        return of.reshape(-1, classes)

    kinds = [Weighed(by_class(k.total), by_class(k.square), by_class(k.heaviest)) for k in (events, others)]
    trials = effective_size(by_class(rows), *kinds).ravel()
    total = events.total + others.total
    return Rates(
        divided(events.total, total), rows, np.nan_to_num(events.total * divided(trials, total)), trials
    )


def _clustered(
    of_rows: Rates, event: np.ndarray, group: np.ndarray, weights: np.ndarray, clusters: np.ndarray
) -> Rates:
    """Return the rates of rows as those of their clusters, whose Kish's size shrinks as that of the rows does."""
    groups = len(of_rows.rows)
    owner, member = cluster_members(group, clusters)
    weight = np.bincount(member, weights, len(owner))
    deviation = np.bincount(member, weights * event, len(owner)) - of_rows.value[owner] * weight
    total, square, deviations = (
        np.bincount(owner, values, groups) for values in (weight, weight**2, deviation**2)
    )
    kish = divided(total**2, square)
    kish_of_rows = divided(total**2, np.bincount(group, weights * weights, groups))
    linearized = linearized_size(of_rows.value, total, deviations)
    trials = np.nan_to_num(np.fmin(kish * divided(of_rows.trials, kish_of_rows), linearized))
    return Rates(of_rows.value, of_rows.rows, np.nan_to_num(of_rows.value) * trials, trials)


def heaviest_weights(weights: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """Return each group's greatest weight; 0 for an empty group."""
    heaviest = np.zeros(groups)
    np.maximum.at(heaviest, group, weights)
    return heaviest


def cluster_size(
    group: np.ndarray, groups: int, weights: np.ndarray | None, clusters: np.ndarray
) -> np.ndarray:
    """Return the effective number of clusters in each group: Kish's size over the clusters' weights."""
    owner, member = cluster_members(group, clusters)
    weight = np.bincount(member, weights, len(owner))
    total = np.bincount(owner, weight, groups)
    return np.asarray(np.nan_to_num(divided(total**2, np.bincount(owner, weight**2, groups))))


def cluster_members(group: np.ndarray, clusters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the group of every cluster within a group, and the index of each row's cluster among them."""
    pair = group.astype(np.int64) * (int(clusters.max(initial=0)) + 1) + clusters
    _, first, member = np.unique(pair, return_index=True, return_inverse=True)
    return group[first], member
