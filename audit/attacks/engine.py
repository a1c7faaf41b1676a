"""Runs the attacks that were asked for, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from audit.attacks.ascent import Ascent, Logits
from audit.attacks.batch import Batch, Tried
from audit.attacks.noise import directions
from audit.attacks.pgd import pgd
from audit.attacks.space import Attack, Attacked, Judge, Norm, Outcome, Space


def attack(
    logits: Logits,
    judge: Judge,
    x: np.ndarray,
    classes: np.ndarray,
    space: Space,
    *,
    attacks: Sequence[Attack],
    eps: Sequence[float],
    norm: Norm,
    seed: int,
    batch: int,
    steps: int = 20,
) -> Attacked:
    """Attack the model's own decision on every row: cleverhans' FGSM and PGD, and random noise as a control.

    Args:
        logits: the model below its head, which gives the attacks their direction; traced once.
        judge: the audited model as it is served, which decides whether an attack succeeded.
        x: the rows ``(rows, columns)``, float32 or float64, in the columns' own units.
        classes: what the judge decides for them, int ``(rows,)``.
        space: where attacks may move.
        attacks: which, each once, in the order in which they are returned.
        eps: sizes >= 0, in units of ``space.scale``: the radius of the ball.
        norm: of the ball: ``inf`` for each column by itself, ``2`` for all movable columns together.
        seed: of the noise.
        batch: rows that are attacked at a time; bounds the memory.
        steps: of PGD.

    Raises:
        RuntimeError: a result left the ball or the range; a fault of this package.
    """
    sizes = sorted(eps)
    ascent = Ascent(logits, space, norm, x.dtype)
    noise = directions(len(x), space, norm, seed)
    outcomes = [Outcome(name, size, np.zeros(len(x), bool), x.copy()) for name in attacks for size in sizes]
    no_gradient = np.zeros(len(x), bool)
    for start in range(0, len(x), batch):
        rows = slice(start, start + batch)
        here = Batch(x[rows], classes[rows], space, norm, judge)
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
    # PGD starts from the row itself: without a gradient there it never takes a step either.
    return Attacked(outcomes, {name: no_gradient for name in attacks if name != "noise"})


def _straight(batch: Batch, direction: np.ndarray, sizes: Sequence[float]) -> Iterator[Tried]:
    """One step of each size in the same direction."""
    for eps in sizes:
        yield batch.tried(eps * direction.astype(np.float64), eps)
