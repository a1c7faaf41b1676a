"""A black-box attack by scores, without a gradient.

The random search is the square attack's (Andriushchenko et al. 2020). A model that is constant between thresholds, as
a tree is, keeps its scores under most moves, so that every column first moves alone, and every two together.
"""

from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, product
from typing import Any

import numpy as np

from audit.attacks.batch import AttackResult, Batch, for_each_eps
from audit.attacks.patches import ColumnPatches, SquarePatches
from audit.attacks.row_rng import Draws
from audit.attacks.spec import AttackContext

_HALVED_AFTER = (0, 0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
"""Parts of the search after each of which a patch sets half as much as before, from 0.8 on: Andriushchenko's."""
_FULL_PATCH_EVERY = 5
"""Every fifth patch sets all values."""
_INTERIOR_SHARE = 0.25
"""Share of the patches that go not to the edge of the ball, but somewhere inside."""


def run(batch: Batch, context: AttackContext) -> Iterator[AttackResult]:
    """Attack at each size, rising, with up to ``queries`` scores of a row that has not flipped before."""

    def one_size(rows: np.ndarray, eps: float) -> AttackResult:
        return _Search(batch.take(rows), context.draws.take(rows), eps, context.plan.queries).run()

    return for_each_eps(batch, context.epsilons, one_size)


class _Search:
    """A search of one ball around each row; ``best`` are the points of the unit ball nearest to a flip so far."""

    def __init__(self, batch: Batch, draws: Draws, eps: float, queries: int) -> None:
        shape = batch.threat_model.shape
        rows = len(batch.x)
        self._batch = batch
        self._draws = draws
        self._eps = eps
        self._queries_left = queries
        self._movable = np.flatnonzero(batch.threat_model.movable)
        self._patches = SquarePatches(shape) if shape else ColumnPatches(len(self._movable))
        self._best = np.zeros((rows, len(self._movable)), np.float32)
        self._adversarial = batch.x.copy()
        self._flipped = np.zeros(rows, bool)
        self._margin = np.full(rows, np.inf)

    def run(self) -> AttackResult:
        """Spend the queries."""
        if self._eps:
            self._query(lambda rows: self._best[rows])  # unchanged: what other points are compared with
            if self._batch.threat_model.shape is None:
                self._try_columns()
                self._try_pairs()
            self._try_patches()
        return AttackResult(self._adversarial, self._flipped)

    def _query(self, points: Callable[..., np.ndarray], *arguments: Any) -> np.ndarray:
        """Score a point of each row that has not flipped, and keep it unless it is further from a flip than the best.

        Returns:
            The margin of each row there; infinite for rows that were not scored.
        """
        margins = np.full(len(self._flipped), np.inf)
        rows = np.flatnonzero(~self._flipped)
        self._queries_left -= 1
        if len(rows) and self._queries_left >= 0:
            point = self._normalized(points(rows, *arguments))
            eta = np.zeros((len(rows), self._batch.x.shape[1]), np.float32)
            eta[:, self._movable] = self._eps * point
            adversarial, flipped, margins[rows] = self._batch.take(rows).score(eta, self._eps)
            nearer = flipped | (margins[rows] <= self._margin[rows])
            improved = rows[nearer]
            self._best[improved] = point[nearer]
            self._adversarial[improved] = adversarial[nearer]
            self._margin[improved] = margins[improved]
            self._flipped[rows] = flipped
        return margins

    def _normalized(self, points: np.ndarray) -> np.ndarray:
        """Return points of the unit ball; of norm 2 each of length 1, unless it is the row itself."""
        if self._batch.norm == "inf":
            return points
        length = np.linalg.norm(points, axis=1, keepdims=True)
        return np.asarray(points / np.where(length > 0, length, 1))

    def _try_columns(self) -> None:
        """Move single columns to both ends, of very many some drawn by row; then all together, each the better way."""
        start = self._margin.copy()
        count = min(len(self._movable), self._queries_left // 4)
        order = np.argsort(self._draws.uniform(0, len(self._movable)), axis=1)[:, :count]
        descent = np.zeros(self._best.shape, np.float32)
        rows = np.arange(len(descent))
        for column in order.T:
            up = self._query(self._corner, [column], [1.0])
            down = self._query(self._corner, [column], [-1.0])
            fall = np.where(self._flipped, 0, start - np.minimum(up, down))
            descent[rows, column] = np.maximum(fall, 0) * np.where(up < down, 1, -1)
        steepest = np.sign(descent) if self._batch.norm == "inf" else descent
        self._query(lambda rows: steepest[rows])

    def _try_pairs(self) -> None:
        """Move every two columns to all four corners, if half of the remaining queries suffices."""
        count = len(self._movable)
        if 2 * count * (count - 1) > self._queries_left // 2:
            return
        for pair in combinations(range(count), 2):
            columns = [np.full(len(self._best), column) for column in pair]
            for signs in product((1.0, -1.0), repeat=2):
                self._query(self._corner, columns, list(signs))

    def _corner(self, rows: np.ndarray, columns: Sequence[np.ndarray], signs: Sequence[float]) -> np.ndarray:
        """Return points that differ from the rows in few columns: of each row its own, int ``(all rows,)`` each."""
        points = np.zeros((len(rows), len(self._movable)), np.float32)
        for column, sign in zip(columns, signs, strict=True):
            points[np.arange(len(rows)), column[rows]] = sign
        return points

    def _try_patches(self) -> None:
        """Spend the remaining queries on patches of the best points, which get smaller."""
        total = self._queries_left
        first = len(self._movable)  # random numbers that are drawn already
        for turn in range(total):
            share = 0.8 / 2 ** (bisect(_HALVED_AFTER, turn / total) - 1) if turn % _FULL_PATCH_EVERY else None
            self._query(self._patched, first + turn * (self._patches.width + 2), share)

    def _patched(self, rows: np.ndarray, first: int, share: float | None) -> np.ndarray:
        """Return the best points with a share of their values set anew, or with all for None."""
        draws = self._draws.take(rows)
        patches = self._patches
        patch = patches.full(draws, first) if share is None else patches.partial(draws, first, share)
        interior, amount = draws.uniform(first + patches.width, 2).T[:, :, None]
        best = self._best[rows]
        if self._batch.norm == "2":
            return np.asarray(patch if share is None else best + np.sqrt(share) * self._normalized(patch))
        # Half of the patches of one column would set it to what it is.
        idle = ((patch == 0) | (patch == best)).all(1, keepdims=True)
        patch = np.where(idle, -patch, patch) * np.where(interior < _INTERIOR_SHARE, amount, 1)
        return np.where(patch != 0, patch, best)
