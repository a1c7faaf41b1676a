"""Projected gradient descent on a batch of rows, from the row itself and from random points of its ball."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from audit.attacks.batch import Batch, Tried, rising
from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.row_rng import Draws

_BETWEEN_LOOKS = 5  # steps between looks at which rows are finished: a look costs about as much as a step


def pgd(batch: Batch, ascent: GradientAscent, sizes: Sequence[float], steps: int) -> Iterator[Tried]:
    """Attack by PGD without a random start (Madry et al. 2018; Kurakin et al. 2016) at each size, rising.

    A step is 2.5 eps / steps long, as Madry's: the boundary is reached from anywhere, and there are steps
    left to move along it.
    """
    return rising(batch, sizes, lambda rows, eps: climbed(batch.take(rows), ascent, eps, steps))


def climbed(
    batch: Batch, ascent: GradientAscent, eps: float, steps: int, start: np.ndarray | None = None
) -> Tried:
    """Climb until the row has flipped, stands still, or all steps are made.

    Args:
        batch: the rows.
        ascent: what gives a direction.
        eps: radius of the ball.
        steps: how many at most.
        start: where to begin, float32 ``(rows, columns)`` in units of the scale; the row itself for None.
    """
    low, high = batch.bounds()
    step = min(eps, 2.5 * eps / steps)
    eta = np.zeros(batch.x.shape, np.float32) if start is None else start.copy()
    active = np.arange(len(batch.x))
    best, flipped = batch.x.copy(), np.zeros(len(batch.x), bool)

    def look(at: np.ndarray) -> None:
        best[at], flipped[at] = batch.take(at).tried(eta[at], eps)

    for done in range(0, steps, _BETWEEN_LOOKS):
        if not len(active):
            break
        some = min(_BETWEEN_LOOKS, steps - done)
        here, bounds = batch.take(active), (low[active], high[active])
        eta[active], ahead, moving = ascent.climb(here.x, here.classes, eta[active], bounds, eps, step, some)
        look(active[ahead])
        active = active[moving & ~flipped[active]]
    look(np.flatnonzero(~flipped))
    return best, flipped


STARTS = 5
_MORE = 2
"""Times the steps of a plain run, since what asks for restarts was not flipped by one."""


def restarts(
    batch: Batch, ascent: GradientAscent, draws: Draws, sizes: Sequence[float], steps: int
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
