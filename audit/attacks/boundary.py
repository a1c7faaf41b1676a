"""Attacks from the border: the way is taken where the decision changes, whatever scores do elsewhere.

A head may scale its logits by a function of the row. Away from the border the gradient follows that scale; on the
border the logits are zero, and so is the scale's part in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from audit.attacks.batch import Batch, Tried, rising
from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.minimal_perturbation import nearest_to_start
from audit.attacks.row_rng import Draws
from audit.errors import AuditError

Way = Callable[[Batch, np.ndarray, int], np.ndarray]
"""From rows, a point of the border for each, ``(rows, columns)``, and the number of the round to the steps of length 1,
in units of the scale, that lead over the border there."""

_ROUNDS = 4
_LOOKS = 16
"""Observed rows whose values are looked at for another decision."""
_LENGTHS = (0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 20, 40)
"""Parts of eps: how far along the way the next point of the border is looked for."""


def border(batch: Batch, way: Way, draws: Draws, sizes: Sequence[float]) -> Iterator[Tried]:
    """Attack at each size, rising, the rows that values of `Batch.known` flip; the others stay.

    Each row is joined to such a point by a straight line. Where the decision changes on it, the way over the border is
    asked for, and gone from the row to the edge of the ball; the border's next point lies on it, further out. So four
    times (after Croce and Hein, "Minimally distorted adversarial examples with a fast adaptive boundary attack", 2020).

    Args:
        batch: the rows.
        way: `along`, or `audit.attacks.hop_skip_jump.by_decisions`.
        draws: the rows' own streams of chance.
        sizes: rising.
    """
    far = _far(batch, draws)
    begun = (far != batch.x).any(1)

    def one_size(rows: np.ndarray, eps: float) -> Tried:
        moved, flipped = batch.x[rows], np.zeros(len(rows), bool)
        some = np.flatnonzero(begun[rows])
        if eps and len(some):
            at = rows[some]
            moved[some], flipped[some] = _walked(batch.take(at), far[at], way, eps)
        return moved, flipped

    yield from rising(batch, sizes, one_size)


def along(ascent: GradientAscent) -> Way:
    """Return the way along the gradient at the border."""
    return lambda batch, points, turn: ascent.direction(points, batch.classes)


def _walked(batch: Batch, points: np.ndarray, way: Way, eps: float) -> Tried:
    moved, flipped, points = batch.x.copy(), np.zeros(len(points), bool), points.copy()
    for turn in range(_ROUNDS):
        left = np.flatnonzero(~flipped)
        if not len(left):
            break
        here = batch.take(left)
        points[left] = nearest_to_start(here.judge, here.x, points[left], here.classes, here.space)
        step = way(here, points[left], turn).astype(np.float64)
        moved[left], flipped[left] = here.tried(eps * step, eps)
        points[left] = _further(here, points[left], eps * step)
    return moved, flipped


def _further(batch: Batch, points: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Return the first point along the step from each row that is decided otherwise, or else the one that was known."""
    found, left = points.copy(), np.arange(len(points))
    for length in _LENGTHS:
        there = _stepped(batch.take(left), length * step[left])
        otherwise = batch.judge(there) != batch.classes[left]
        found[left[otherwise]] = there[otherwise]
        left = left[~otherwise]
        if not len(left):
            break
    return found


def _stepped(batch: Batch, eta: np.ndarray) -> np.ndarray:
    """Return the rows moved within the observed range, however far; integer columns are whole."""
    free, space = batch.space.free(batch.x), batch.space
    at = np.where(free, batch.x, 0)
    there = np.clip(at + eta * space.scale, *space.range_of(at))
    there = np.where(space.integer, np.rint(there), there).astype(batch.x.dtype)
    return np.where(free, there, batch.x)


def _far(batch: Batch, draws: Draws) -> np.ndarray:
    """Return each row with values of an observed one that flip it; the row itself where none was found."""
    far, left = batch.x.copy(), np.arange(len(batch.x))
    if batch.known is None or not len(batch.known):
        return far
    drawn = (draws.uniform(0, _LOOKS) * len(batch.known)).astype(int)
    for look in drawn.T:
        values = batch.known[look[left]]
        there = np.where(batch.space.free(far[left]) & np.isfinite(values), values, far[left]).astype(
            far.dtype
        )
        try:
            otherwise = batch.judge(there) != batch.classes[left]
        except AuditError:  # no scores for such rows: nothing begins there
            continue
        far[left[otherwise]] = there[otherwise]
        left = left[~otherwise]
        if not len(left):
            break
    return far
