"""Runs the attacks that were asked for, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from audit.attacks.additive_noise import Noise
from audit.attacks.batch import Batch, Tried
from audit.attacks.boundary import along, border
from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.hop_skip_jump import by_decisions
from audit.attacks.outcomes import MEMORY, Kept, room
from audit.attacks.projected_gradient_descent import pgd, restarts
from audit.attacks.row_rng import Draws
from audit.attacks.square import square
from audit.attacks.threat_model import Attack, Attacked

BY_GRADIENT: frozenset[Attack] = frozenset({"fgsm", "pgd"})
_BATCHES = 2
"""Under way at once: TensorFlow computes a small network on one core."""


@dataclass(frozen=True)
class Plan:
    """What to run.

    Attributes:
        attacks: which, each once, in the order in which they are returned.
        eps: sizes >= 0, in units of `Space.scale`: the radius of the ball.
        seed: of what is drawn at random.
        steps: of PGD.
        queries: scores of a row that the square attack asks for at each size, at most.
    """

    attacks: Sequence[Attack]
    eps: Sequence[float]
    seed: int
    steps: int = 20
    queries: int = 500


Beside = Mapping[Attack, GradientAscent]
"""Other directions, each by the name of the attack that follows it: ``border`` from there, the others with restarts."""


def attack(
    rows: Batch,
    ascent: GradientAscent | None,
    plan: Plan,
    *,
    batch: int,
    memory: int = MEMORY,
    beside: Beside | None = None,
) -> Attacked:
    """Attack the model's own decision on every row.

    Args:
        rows: with the judge, the audited model as it is served, which decides whether an attack succeeded.
        ascent: gives attacks by gradient their direction, in the same space and norm; None where none is asked for.
        plan: the attacks and their sizes.
        batch: rows that are attacked at a time, of which two are under way at once; bounds the memory.
        memory: bytes of the rows as moved that are kept.
        beside: what the plan's attacks beyond the usual ones follow.

    Raises:
        RuntimeError: a result left the ball or the range; a fault of this package.
    """
    noise, found = Noise(rows.space, rows.norm, plan.seed), _Found(rows, plan, memory)
    starts = range(0, len(rows.x), batch)
    with ThreadPoolExecutor(_BATCHES) as pool:
        for first in starts[::_BATCHES]:  # no more at a time, so that no results pile up
            some = [
                slice(start, start + batch) for start in starts if first <= start < first + _BATCHES * batch
            ]
            blind = [noise.draw(len(rows.x[part])) for part in some]
            for part, tried in zip(
                some, pool.map(partial(_attacked, rows, ascent, beside or {}, plan), some, blind), strict=True
            ):
                found.add(part.start, *tried)
    return found.all()


def _attacked(
    rows: Batch, ascent: GradientAscent | None, beside: Beside, plan: Plan, part: slice, blind: np.ndarray
) -> tuple[np.ndarray, list[Tried]]:
    """Return which rows of a batch have no gradient, and what came of each attack and size."""
    here, sizes = rows.take(part), sorted(plan.eps)
    draws = Draws.of(np.arange(len(rows.x))[part], plan.seed)
    uphill = ascent.direction(here.x, here.classes) if ascent else np.zeros_like(blind)
    ways: dict[Attack, Iterator[Tried]] = {
        "noise": _straight(here, blind, sizes),
        "fgsm": _straight(here, uphill, sizes),
        "square": square(here, draws, sizes, plan.queries),
        "decisions": border(here, by_decisions(plan.seed), draws, sizes),
        **{name: restarts(here, other, draws, sizes, plan.steps) for name, other in beside.items()},
    }
    if "border" in beside:
        ways["border"] = border(here, along(beside["border"]), draws, sizes)
    if ascent:
        ways["pgd"] = pgd(here, ascent, sizes, plan.steps)
    return np.asarray(~uphill.any(1)), [tried for name in plan.attacks for tried in ways[name]]


class _Found:
    """What came of all batches so far."""

    def __init__(self, rows: Batch, plan: Plan, memory: int) -> None:
        outcomes = [(name, size) for name in plan.attacks for size in sorted(plan.eps)]
        each = room(len(outcomes), rows.x, memory)
        self._kept = [Kept(name, size, rows.x, each) for name, size in outcomes]
        self._by_gradient = [name for name in plan.attacks if name in BY_GRADIENT]
        self._without = np.zeros(len(rows.x), bool)

    def add(self, start: int, without: np.ndarray, tried: Sequence[Tried]) -> None:
        self._without[start : start + len(without)] = without
        for kept, one in zip(self._kept, tried, strict=True):
            kept.add(start, one)

    def all(self) -> Attacked:
        # PGD starts from the row itself: without a gradient there it never takes a step either.
        zero: dict[str, np.ndarray] = dict.fromkeys(self._by_gradient, self._without)
        return Attacked([kept.outcome() for kept in self._kept], zero)


def _straight(batch: Batch, direction: np.ndarray, sizes: Sequence[float]) -> Iterator[Tried]:
    """One step of each size in the same direction."""
    for eps in sizes:
        yield batch.tried(eps * direction.astype(np.float64), eps)
