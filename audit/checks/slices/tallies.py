"""Sums over the rows of slices: by the codes of one or two columns, and by runs of these codes."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from audit.checks.slices.columns import SliceColumn
from audit.checks.slices.losses import LossRows


@dataclass(frozen=True)
class SearchRows:
    """Rows of the search half: their places in the sample, losses and weights.

    ``square`` are the weights times the total weight of the row's cluster: their sum is the square of the total weight
    over Kish's effective number of clusters. ``measured`` are the places of the other half. ``are_errors`` is whether
    losses are 0 or 1, and ``count_as_one`` whether all weights and squares are 1.
    """

    place: np.ndarray
    loss: np.ndarray
    weight: np.ndarray
    square: np.ndarray
    measured: np.ndarray
    are_errors: bool
    count_as_one: bool = False

    @classmethod
    def of(cls, rows: LossRows, half: np.ndarray) -> "SearchRows":
        """Return the rows of the search ``half``, bool, one a row of the sample."""
        searched = rows.take(half)
        weight = (
            np.ones(len(searched.loss)) if searched.weights is None else searched.weights.astype(np.float64)
        )
        square = weight**2
        if searched.clusters is not None:
            member = np.unique(searched.clusters, return_inverse=True)[1]
            square = weight * np.bincount(member, weight)[member]
        return cls(
            place=np.flatnonzero(half),
            loss=searched.loss,
            weight=weight,
            square=square,
            measured=np.flatnonzero(~half),
            are_errors=rows.target is None,
            count_as_one=searched.weights is None and searched.clusters is None,
        )

    def without(self, rows: np.ndarray) -> "SearchRows":
        """Return the search rows less some, bool, one a row of the sample."""
        rest = ~rows[self.place]
        place, loss, weight, square = (
            part[rest] for part in (self.place, self.loss, self.weight, self.square)
        )
        return replace(self, place=place, loss=loss, weight=weight, square=square)


class Tallies(NamedTuple):
    """Sums over the rows of slices, arrays of one shape: rows of each half, weights, losses and squares."""

    rows: np.ndarray
    measured: np.ndarray
    weight: np.ndarray
    loss: np.ndarray
    square: np.ndarray

    def less(self, part: "Tallies") -> "Tallies":
        """Return the sums over the rows that a part of them leaves."""
        return Tallies(*(total - inside for total, inside in zip(self, part, strict=True)))

    def at(self, places: np.ndarray) -> "Tallies":
        """Return the sums of some of the slices, ``(places,)``, by their flat places."""
        return Tallies(*(part.ravel()[places] for part in self))


def of_all(rows: SearchRows) -> Tallies:
    """Return the sums over all search rows that are left, ``(1,)``."""
    weight = rows.weight
    sums = (len(rows.place), len(rows.measured), weight.sum(), weight @ rows.loss, rows.square.sum())
    return Tallies(*(np.array([part], np.float64) for part in sums))


def of_rows(rows: SearchRows, inside: np.ndarray) -> Tallies:
    """Return the sums over the rows ``inside``, bool, one a row of the sample; ``(1,)``."""
    codes = inside.astype(np.int32)
    return _tallies(_sums(rows, codes, 2)[:, 1:])


def of_column(rows: SearchRows, column: SliceColumn, runs: np.ndarray) -> Tallies:
    """Return the sums over the rows of each of the column's ``runs``."""
    return _tallies(_over_runs(_sums(rows, column.codes, column.size), runs))


def of_pair(rows: SearchRows, one: SliceColumn, other: SliceColumn) -> Tallies:
    """Return the sums over the rows of each pair of ``paired`` predicates, arrays ``(of one, of the other)``."""
    code = one.codes * np.int32(other.size) + other.codes
    cells = _sums(rows, code, one.size * other.size).reshape(-1, one.size, other.size)
    by_other = np.swapaxes(_over_runs(cells, other.paired), 1, 2)
    return _tallies(np.swapaxes(_over_runs(by_other, one.paired), 1, 2))


def _tallies(sums: np.ndarray) -> Tallies:
    """Return sums in the order of `_sums` as `Tallies`."""
    rows, measured, loss, *weights = sums
    weight, square = weights or (rows, rows)
    return Tallies(rows, measured, weight, loss, square)


def _sums(rows: SearchRows, code: np.ndarray, size: int) -> np.ndarray:
    """Return numbers of rows of each half, losses, weights and squares by code, ``(5, size)``.

    The last two are left out where each row counts as one: they are the first again.
    """
    searched = code[rows.place]
    values = [None, rows.weight * rows.loss, *(() if rows.count_as_one else (rows.weight, rows.square))]
    count, *others = (np.bincount(searched, part, size) for part in values)
    measured = np.bincount(code[rows.measured], minlength=size)
    return np.stack([count, measured, *others]).astype(np.float64)


def _over_runs(sums: np.ndarray, runs: np.ndarray) -> np.ndarray:
    """Return the sums over the codes of each run, along the last axis."""
    before = np.concatenate([np.zeros((*sums.shape[:-1], 1)), np.cumsum(sums, -1)], -1)
    return np.asarray(before[..., runs[:, 1] + 1] - before[..., runs[:, 0]])
