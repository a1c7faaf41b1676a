"""Projected gradient descent on a batch of rows: the logits lead, the judge decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from audit.attacks.batch import Batch, Tried
from audit.attacks.gradient_ascent import Ascent
from audit.attacks.rising import rising

_BETWEEN_LOOKS = 5  # steps between looks at which rows are finished: a look costs about as much as a step


def pgd(batch: Batch, ascent: Ascent, sizes: Sequence[float], steps: int) -> Iterator[Tried]:
    """Attack by PGD without a random start (Madry et al. 2018; Kurakin et al. 2016) at each size, rising.

    A step is 2.5 eps / steps long, as Madry's: the boundary is reached from anywhere, and there are steps
    left to move along it.
    """
    return rising(batch, sizes, lambda rows, eps: climbed(batch.take(rows), ascent, eps, steps))


def climbed(batch: Batch, ascent: Ascent, eps: float, steps: int, start: np.ndarray | None = None) -> Tried:
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
