"""Runs the attacks of a plan, batch by batch."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from audit.attacks.additive_noise import directions
from audit.attacks.batch import AttackResult, Batch
from audit.attacks.choices import run_with_choices
from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.outcomes import MEMORY, AttackOutcomes, OutcomeBuffer, rows_per_outcome
from audit.attacks.row_rng import Draws
from audit.attacks.spec import AttackContext, Plan
from audit.attacks.table import ATTACKS
from audit.execution import LOCAL, Backend
from audit.execution.plan import RowRange, row_ranges

_CONCURRENT_BATCHES = 2  # TensorFlow computes a small network on one core

Surrogates = Mapping[str, GradientAscent]
"""Gradients other than the model's own, each by the name of the attack that follows it."""


class _BatchResults(NamedTuple):
    """The results of a batch, of each attack and size, and the rows at which the model's own gradient is zero."""

    results: list[AttackResult]
    zero_gradient: np.ndarray


def attack(
    rows: Batch,
    ascent: GradientAscent | None,
    plan: Plan,
    *,
    batch_size: int,
    memory: int = MEMORY,
    surrogates: Surrogates | None = None,
    backend: Backend = LOCAL,
) -> AttackOutcomes:
    """Attack the model's own decision on every row.

    Args:
        rows: the rows, with the audited model as it is served, which decides whether an attack succeeded.
        ascent: the model's own gradient, of the same threat model and norm; None if no attack follows it.
        plan: the attacks and their sizes.
        batch_size: rows attacked at a time, two batches of which are under way at once; bounds the memory.
        memory: bytes of the adversarial rows that are stored.
        surrogates: the gradients of attacks that follow another one.
        backend: computes the batches.

    Raises:
        RuntimeError: a result left the ball or the range; a fault of this package.
        ValueError: an attack follows a gradient that is not given.
    """
    outcomes = [(name, eps) for name in plan.attacks for eps in sorted(plan.eps)]
    capacity = rows_per_outcome(len(outcomes), rows.x, memory)
    buffers = [OutcomeBuffer(name, eps, rows.x, capacity) for name, eps in outcomes]
    zero_gradient = np.zeros(len(rows.x), bool)
    run = partial(_attack_batch, rows, ascent, surrogates or {}, plan)
    parts = row_ranges(len(rows.x), batch_size)
    batches = backend.map(run, parts, concurrency=_CONCURRENT_BATCHES)
    for part, batch in zip(parts, batches, strict=True):
        zero_gradient[part.slice] = batch.zero_gradient
        for buffer, result in zip(buffers, batch.results, strict=True):
            buffer.add(part.start, result)
    # PGD starts from the row itself: without a gradient there it never takes a step either.
    along_gradient = [name for name in plan.attacks if ATTACKS[name].follows_own_gradient]
    return AttackOutcomes(
        [buffer.outcome() for buffer in buffers], dict.fromkeys(along_gradient, zero_gradient)
    )


def _attack_batch(
    rows: Batch,
    ascent: GradientAscent | None,
    surrogates: Surrogates,
    plan: Plan,
    part: RowRange,
) -> _BatchResults:
    batch = rows.take(part.slice)
    uphill = ascent.direction(batch.x, batch.classes) if ascent else None
    keys = np.arange(part.start, part.stop) if batch.keys is None else batch.keys
    draws = Draws.of(keys, plan.seed)
    noise = directions(batch.threat_model, batch.norm, draws)
    context = AttackContext(plan, draws, noise, ascent, uphill)
    results: list[AttackResult] = []
    for name in plan.attacks:
        attack_context = replace(context, source=surrogates.get(name, ascent))
        results += run_with_choices(ATTACKS[name], batch, attack_context)
    zero_gradient = np.asarray(False if uphill is None else ~uphill.any(1))
    return _BatchResults(results, zero_gradient)
