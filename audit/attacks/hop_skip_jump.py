"""The way over the border by decisions alone: no scores, no gradient, so that no mask of these hides it."""

from __future__ import annotations

import numpy as np

from audit.attacks.batch import Batch
from audit.attacks.boundary import Way

_POINTS = 100
"""Points near the border of which decisions are asked in each of the four rounds, for each row."""
_NEAR = (0.09, 0.045)
"""Their distance in every column, as a part of the border's from the row: in the first round, and after it."""
_AT_ONCE = 2**19  # numbers, which bounds the memory


def by_decisions(seed: int) -> Way:
    """Return the way as HopSkipJump estimates it (Chen, Jordan and Wainwright, 2020): the mean of random signs.

    Each counts with the decision at the border's point when that moves by them, less the mean of all decisions.
    All rows get the same signs, so that theirs do not depend on the rows beside them.
    """

    def way(batch: Batch, points: np.ndarray, turn: int) -> np.ndarray:
        signs = np.random.default_rng([seed, turn]).choice([-1.0, 1.0], (_POINTS, points.shape[1]))
        signs *= batch.space.movable
        votes = _votes(batch, points, signs, _NEAR[min(turn, 1)])
        toward = (votes - votes.mean(1, keepdims=True)) @ signs
        if batch.norm == "inf":
            return np.asarray(np.sign(toward))
        length = np.linalg.norm(toward, axis=1, keepdims=True)
        return np.asarray(toward / np.where(length > 0, length, 1))

    return way


def _votes(batch: Batch, points: np.ndarray, signs: np.ndarray, near: float) -> np.ndarray:
    """Return 1 where a point beside the border is decided otherwise, and 0 elsewhere, ``(rows, signs)``."""
    space, free = batch.space, batch.space.free(batch.x)
    away = np.where(free, np.where(free, points, 0).astype(np.float64) - np.where(free, batch.x, 0), 0)
    size = near * np.abs(away / space.scale).max(1)[:, None, None] * space.scale
    size = np.where(space.integer, np.maximum(1, np.rint(size)), size)
    several, votes = max(1, _AT_ONCE // points.size), np.zeros((len(points), len(signs)))
    for first in range(0, len(signs), several):
        some = signs[first : first + several]
        there = np.where(free[:, None], points[:, None] + size * some, points[:, None]).astype(points.dtype)
        decided = batch.judge(there.reshape(-1, points.shape[1])).reshape(len(points), len(some))
        votes[:, first : first + several] = decided != batch.classes[:, None]
    return votes
