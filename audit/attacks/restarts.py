"""PGD from the row itself and then from random points of its ball, for the rows that did not flip before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from audit.attacks.batch import Batch, Tried
from audit.attacks.gradient_ascent import Ascent
from audit.attacks.projected_gradient_descent import climbed
from audit.attacks.rising import rising
from audit.attacks.row_rng import Draws

STARTS = 5
_MORE = 2
"""Times the steps of a plain run, since what asks for restarts was not flipped by one."""


def restarts(
    batch: Batch, ascent: Ascent, draws: Draws, sizes: Sequence[float], steps: int
) -> Iterator[Tried]:
    """Attack at each size, rising, from the row and from `STARTS` points that each row draws for itself.

    Args:
        batch: the rows.
        ascent: what gives a direction.
        draws: the rows' own streams of chance.
        sizes: rising.
        steps: of a plain run.
    """

    def one_size(rows: np.ndarray, eps: float) -> Tried:
        moved, flipped = climbed(batch.take(rows), ascent, eps, _MORE * steps)
        for turn in range(STARTS if eps else 0):
            left = np.flatnonzero(~flipped)
            if not len(left):
                break
            here = batch.take(rows[left])
            start = _start(here, draws.take(rows[left]), turn, eps)
            moved[left], flipped[left] = climbed(here, ascent, eps, _MORE * steps, start)
        return moved, flipped

    return rising(batch, sizes, one_size)


def _start(batch: Batch, draws: Draws, turn: int, eps: float) -> np.ndarray:
    """Return a random point of each row's ball, float32 ``(rows, columns)`` in units of the scale."""
    movable = np.flatnonzero(batch.space.movable)
    point = np.zeros(batch.x.shape, np.float32)
    point[:, movable] = 2 * draws.uniform(turn * len(movable), len(movable)) - 1
    if batch.norm == "2":
        point /= np.maximum(np.linalg.norm(point, axis=1, keepdims=True), 1)
    low, high = batch.bounds()
    return np.asarray(np.clip(np.float32(eps) * point, low, high))
