"""A black-box attack: it asks for scores only, and follows no gradient.

The random search is the square attack's (Andriushchenko et al. 2020). A model that is constant between thresholds, as
a tree is, keeps its scores under most moves, so that every column first moves alone, and every two together.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, product
from typing import Any

import numpy as np

from audit.attacks.batch import Batch, Tried, rising
from audit.attacks.patches import Columns, Patches, Squares
from audit.attacks.row_rng import Draws

_FROM = (0, 0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
"""Parts of the search after each of which a patch sets half as much as before, from 0.8 on: Andriushchenko's."""
_AFRESH, _INSIDE = 5, 0.25
"""Every fifth patch sets all values; a quarter of them goes not to the end of the ball, but somewhere inside."""


def square(batch: Batch, draws: Draws, sizes: Sequence[float], queries: int) -> Iterator[Tried]:
    """Attack at each size, rising, with up to ``queries`` scores of a row that has not flipped before."""

    def one_size(rows: np.ndarray, eps: float) -> Tried:
        return _Search(batch.take(rows), draws.take(rows), eps, queries).run()

    return rising(batch, sizes, one_size)


class _Search:
    """The nearest to a flip that each row has come in one ball.

    ``best`` are points of the unit ball over the movable values.
    """

    def __init__(self, batch: Batch, draws: Draws, eps: float, queries: int) -> None:
        self._batch, self._draws, self._eps, self._left = batch, draws, eps, queries
        self._places, shape = np.flatnonzero(batch.space.movable), batch.space.shape
        self._patches: Patches = Squares(shape) if shape else Columns(len(self._places))
        self._best = np.zeros((len(batch.x), len(self._places)), np.float32)
        self._moved, self._flipped = batch.x.copy(), np.zeros(len(batch.x), bool)
        self._margin = np.full(len(batch.x), np.inf)

    def run(self) -> Tried:
        """Spend the queries; return the rows as moved, and which of them flipped."""
        if self._eps:
            self._ask(lambda rows: self._best[rows])  # unchanged: what other points are compared with
            if self._batch.space.shape is None:
                self._alone()
                self._in_pairs()
            self._at_random()
        return self._moved, self._flipped

    def _ask(self, points: Callable[..., np.ndarray], *given: Any) -> np.ndarray:
        """Score a point of each row that has not flipped, and keep it unless it is further from a flip than the best.

        Returns:
            How far each row stays from a flip there; infinite for rows that were not asked.
        """
        rows, found = np.flatnonzero(~self._flipped), np.full(len(self._flipped), np.inf)
        self._left -= 1
        if len(rows) and self._left >= 0:
            point = self._onto(points(rows, *given))
            eta = np.zeros((len(rows), self._batch.x.shape[1]), np.float32)
            eta[:, self._places] = self._eps * point
            moved, flipped, found[rows] = self._batch.take(rows).weighed(eta, self._eps)
            nearer = flipped | (found[rows] <= self._margin[rows])
            kept = rows[nearer]
            self._best[kept], self._moved[kept] = point[nearer], moved[nearer]
            self._margin[kept] = found[kept]
            self._flipped[rows] = flipped
        return found

    def _onto(self, points: np.ndarray) -> np.ndarray:
        """Return points of the unit ball; of norm 2 each of length 1, unless it is the row itself."""
        if self._batch.norm == "inf":
            return points
        length = np.linalg.norm(points, axis=1, keepdims=True)
        return np.asarray(points / np.where(length > 0, length, 1))

    def _alone(self) -> None:
        """Move single columns to both ends, of very many some drawn by row; then all together, each the better way."""
        start, count = self._margin.copy(), min(len(self._places), self._left // 4)
        order = np.argsort(self._draws.uniform(0, len(self._places)), axis=1)[:, :count]
        toward, every = np.zeros(self._best.shape, np.float32), np.arange(len(self._best))
        for column in order.T:
            up, down = (self._ask(self._corner, [column], [sign]) for sign in (1.0, -1.0))
            fall = np.where(self._flipped, 0, start - np.minimum(up, down))
            toward[every, column] = np.maximum(fall, 0) * np.where(up < down, 1, -1)
        steepest = np.sign(toward) if self._batch.norm == "inf" else toward
        self._ask(lambda rows: steepest[rows])

    def _in_pairs(self) -> None:
        """Move every two columns to all four corners, where half of what is left suffices."""
        count = len(self._places)
        if 2 * count * (count - 1) > self._left // 2:
            return
        for pair in combinations(range(count), 2):
            columns = [np.full(len(self._best), column) for column in pair]
            for signs in product((1.0, -1.0), repeat=2):
                self._ask(self._corner, columns, list(signs))

    def _corner(self, rows: np.ndarray, columns: Sequence[np.ndarray], signs: Sequence[float]) -> np.ndarray:
        """Return points that differ from the rows in few columns: of each row its own, int ``(all rows,)`` each."""
        points = np.zeros((len(rows), len(self._places)), np.float32)
        for column, sign in zip(columns, signs, strict=True):
            points[np.arange(len(rows)), column[rows]] = sign
        return points

    def _at_random(self) -> None:
        """Spend what is left on patches of the best points, which get smaller."""
        first = len(self._places)  # random numbers that are drawn already
        for turn in range(total := self._left):
            share = 0.8 / 2 ** (bisect(_FROM, turn / total) - 1) if turn % _AFRESH else None
            self._ask(self._patched, first + turn * (self._patches.width + 2), share)

    def _patched(self, rows: np.ndarray, place: int, share: float | None) -> np.ndarray:
        """Return the best points with a share of their values set anew, or with all for None."""
        draws, width = self._draws.take(rows), self._patches.width
        patches = self._patches
        patch = patches.whole(draws, place) if share is None else patches.part(draws, place, share)
        inside, amount = draws.uniform(place + width, 2).T[:, :, None]
        best = self._best[rows]
        if self._batch.norm == "2":
            return np.asarray(patch if share is None else best + np.sqrt(share) * self._onto(patch))
        # Half of the patches of one column would set it to what it is.
        idle = ((patch == 0) | (patch == best)).all(1, keepdims=True)
        patch = np.where(idle, -patch, patch) * np.where(inside < _INSIDE, amount, 1)
        return np.where(patch != 0, patch, best)
