"""Runs the attacks that were asked for, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from audit.attacks.ascent import Ascent
from audit.attacks.batch import Batch, Tried
from audit.attacks.noise import directions
from audit.attacks.pgd import pgd
from audit.attacks.space import Attack, Attacked, Judge, Outcome

_BATCHES = 2
"""Under way at once: TensorFlow computes a small network on one core."""


def attack(
    ascent: Ascent,
    judge: Judge,
    x: np.ndarray,
    classes: np.ndarray,
    *,
    attacks: Sequence[Attack],
    eps: Sequence[float],
    seed: int,
    batch: int,
    steps: int = 20,
) -> Attacked:
    """Attack the model's own decision on every row: cleverhans' FGSM and PGD, and random noise as a control.

    Args:
        ascent: gives the attacks their direction, and says where they move and how a ball is measured.
        judge: the audited model as it is served, which decides whether an attack succeeded.
        x: the rows ``(rows, columns)``, in the columns' own units and the dtype of ``ascent``.
        classes: what the judge decides for them, int ``(rows,)``.
        attacks: which, each once, in the order in which they are returned.
        eps: sizes >= 0, in units of ``space.scale``: the radius of the ball.
        seed: of the noise.
        batch: rows that are attacked at a time, of which two are under way at once; bounds the memory.
        steps: of PGD.

    Raises:
        RuntimeError: a result left the ball or the range; a fault of this package.
    """
    sizes, space = sorted(eps), ascent.space
    noise = directions(len(x), space, ascent.norm, seed)
    outcomes = [Outcome(name, size, np.zeros(len(x), bool), x.copy()) for name in attacks for size in sizes]
    no_gradient = np.zeros(len(x), bool)

    def work(rows: slice) -> None:
        here = Batch(x[rows], classes[rows], space, ascent.norm, judge)
        uphill = ascent.direction(here.x, here.classes)
        no_gradient[rows] = ~uphill.any(1)
        ways = {
            "noise": _straight(here, noise[rows], sizes),
            "fgsm": _straight(here, uphill, sizes),
            "pgd": pgd(here, ascent, sizes, steps),
        }
        found = (tried for name in attacks for tried in ways[name])
        for outcome, (moved, flipped) in zip(outcomes, found, strict=True):
            outcome.moved[rows], outcome.flipped[rows] = moved, flipped

    with ThreadPoolExecutor(_BATCHES) as pool:
        list(pool.map(work, [slice(start, start + batch) for start in range(0, len(x), batch)]))
    # PGD starts from the row itself: without a gradient there it never takes a step either.
    return Attacked(outcomes, {name: no_gradient for name in attacks if name != "noise"})


def _straight(batch: Batch, direction: np.ndarray, sizes: Sequence[float]) -> Iterator[Tried]:
    """One step of each size in the same direction."""
    for eps in sizes:
        yield batch.tried(eps * direction.astype(np.float64), eps)
