"""Attacks that may also choose: of each group of 0/1 columns with exactly one 1, another category.

A category has no gradient and no distance. So the categories of one group after the other are tried on the uncut model,
and the one that leaves the least margin is taken: the greedy search of HotFlip (Ebrahimi et al. 2018), by the scores
themselves instead of their first-order estimate. An attack on the numbers then starts from there.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from audit.attacks.batch import AttackResult, Batch
from audit.attacks.projection import Ball
from audit.attacks.row_rng import Draws
from audit.attacks.spec import AttackContext, AttackSpec

_FIRST_DRAW = 3 * 2**61
"""Position in a row's stream that no attack gets to."""


def run_with_choices(spec: AttackSpec, batch: Batch, context: AttackContext) -> list[AttackResult]:
    """Return the results of an attack at each size, rising; a choice may change at every size above 0.

    The attack on the numbers runs from the rows as they are, and from the rows with their nearest categories; those of
    a row that it does not flip are chosen again where it ends. The control takes a random category of each group.

    Raises:
        RuntimeError: a result is outside ball or range, or has no single category; a fault of this package.
    """
    if not batch.threat_model.choices:
        return list(spec.run(batch, context))
    if spec.is_control:
        results = list(_run_from(_random_choices(batch, context.draws), spec, batch, context))
    else:
        starts = batch.x, nearest_choices(batch, batch.x)
        pairs = zip(*(_run_from(start, spec, batch, context) for start in starts), strict=True)
        results = [_either(*pair) for pair in pairs]
    for eps, result in zip(context.epsilons, results, strict=True):
        Ball(batch.threat_model, batch.norm, eps).verify(batch.x, result.adversarial)
    return results


def nearest_choices(batch: Batch, rows: np.ndarray) -> np.ndarray:
    """Return rows with the categories that bring the model nearest to a flip, one group chosen after the other."""
    nearest = rows
    for choice in batch.threat_model.choices:
        current = nearest[:, choice].argmax(1)
        margins = np.stack([_margin(batch, _with(nearest, choice, category)) for category in choice])
        is_best = margins[current, np.arange(len(rows))] <= margins.min(0)
        nearest = _with(nearest, choice, choice[np.where(is_best, current, margins.argmin(0))])
    return nearest


def _margin(batch: Batch, rows: np.ndarray) -> np.ndarray:
    """Return the margin of rows; one that is flipped is nearer than any that is not, whatever its scores."""
    flipped, margin = batch.rate(rows)
    return np.where(flipped, -np.inf, margin)


def _random_choices(batch: Batch, draws: Draws) -> np.ndarray:
    rows = batch.x
    numbers = draws.uniform(_FIRST_DRAW, len(batch.threat_model.choices))
    for choice, number in zip(batch.threat_model.choices, numbers.T, strict=True):
        rows = _with(rows, choice, choice[(number * len(choice)).astype(int)])
    return rows


def _with(rows: np.ndarray, choice: np.ndarray, category: np.ndarray) -> np.ndarray:
    """Return rows whose 1 is at the column ``category``, one for all rows or one for each."""
    changed = rows.copy()
    changed[:, choice] = choice == np.broadcast_to(category, len(rows))[:, None]
    return changed


def _run_from(
    start: np.ndarray, spec: AttackSpec, batch: Batch, context: AttackContext
) -> Iterator[AttackResult]:
    """Yield the results of the attack on the numbers of ``start``; rows that it flips already stay there."""
    flipped = batch.flips(start) & _has_switched(batch, start)
    left = np.flatnonzero(~flipped)
    rest = replace(batch.take(left), x=start[left])
    draws = context.draws.take(left)
    inner = replace(context, draws=draws, noise=context.noise[left], uphill=None)
    has_numbers = len(left) and batch.threat_model.movable.any()
    numbers = spec.run(rest, inner) if has_numbers else _unmoved(rest, context)
    for eps, result in zip(context.epsilons, numbers, strict=True):
        combined = AttackResult(start.copy() if eps else batch.x.copy(), flipped & (eps > 0))
        combined.adversarial[left], combined.flipped[left] = result if eps else (batch.x[left], False)
        yield _chosen_again(batch, combined) if eps and not spec.is_control else combined


def _chosen_again(batch: Batch, result: AttackResult) -> AttackResult:
    """Return the result with the nearest categories of its rows that have not flipped, if these flip them."""
    left = np.flatnonzero(~result.flipped)
    if len(left):
        rest = batch.take(left)
        rows = nearest_choices(rest, result.adversarial[left])
        is_flipped = rest.flips(rows) & _has_switched(rest, rows)
        result.adversarial[left[is_flipped]] = rows[is_flipped]
        result.flipped[left] = is_flipped
    return result


def _has_switched(batch: Batch, rows: np.ndarray) -> np.ndarray:
    """Return which rows have another category than those of the batch, bool ``(rows,)``."""
    in_choice = batch.threat_model.in_choice
    return np.asarray((rows[:, in_choice] != batch.x[:, in_choice]).any(1))


def _unmoved(batch: Batch, context: AttackContext) -> Iterator[AttackResult]:
    for _ in context.epsilons:
        yield AttackResult(batch.x, np.zeros(len(batch.x), bool))


def _either(plain: AttackResult, switched: AttackResult) -> AttackResult:
    """Return the result of the second attack for rows that it alone flips, else that of the first."""
    is_better = switched.flipped & ~plain.flipped
    adversarial = np.where(is_better[:, None], switched.adversarial, plain.adversarial)
    return AttackResult(adversarial, plain.flipped | switched.flipped)
