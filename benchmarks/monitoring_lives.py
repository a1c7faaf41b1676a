"""Simulated lives of a monitored model: a reference of its own, and batches as binned counts.

Thirteen features and the score are standard normal and independent, in two groups; decisions and labels are drawn so
that recall and disparate impact have exactly the values asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from audit.model.head import Head
from audit.monitoring.reference import Reference, ReferenceGroups
from audit.monitoring.variable import category_variable, number_variable

FEATURES = 13
PRIVILEGED, OTHER = "one", "other"
OTHER_SHARE = 0.3
"""Share of the rows in the group whose recall and selection rate are on their limits."""
SELECTED = 0.3
"""Share of favourable decisions in the privileged group."""
FAVORABLE = 0.25
"""Share of favourable labels in the other group."""


@dataclass(frozen=True)
class World:
    """The true distribution: ``shift`` of the first feature, in standard deviations, from batch ``shifted_from`` on.

    ``recall`` and ``impact`` are those of the other group. The batches are counted from 1.
    """

    reference_rows: int
    batch_rows: int
    batches: int
    shift: float = 0.0
    shifted_from: int = 1
    recall: float = 0.8
    impact: float = 0.8


@dataclass(frozen=True)
class Life:
    """What one model saw: its reference, and the counts of its batches.

    ``counts`` are (batches, variables - 1, groups + 1, bins) of features and score, ``decisions`` (batches, groups + 1,
    bins), ``recall`` and ``selection`` the counts of the rules: (batches, 2) events and trials of the other group, and
    (batches, 4) those of the other, then of the privileged group. ``values`` (rows, variables) is the reference itself.
    """

    world: World
    reference: Reference
    values: np.ndarray
    counts: np.ndarray
    decisions: np.ndarray
    recall: np.ndarray
    selection: np.ndarray

    def batch_counts(self, batch: int) -> list[list[list[int]]]:
        """Return the counts of a batch in the reference's order, as `BatchMeasurement` has them."""
        return [*self.counts[batch], self.decisions[batch]]  # type: ignore[list-item]


def draw_life(world: World, rng: np.random.Generator) -> Life:
    """Draw a reference and all batches."""
    values = rng.standard_normal((world.reference_rows, FEATURES + 1))
    reference = _reference(world, values, rng)
    shifts = np.zeros((world.batches, FEATURES + 1))
    shifts[world.shifted_from - 1 :, 0] = world.shift
    edges = np.array([variable.edges for variable in reference.variables[:-1]])
    below = np.pad(ndtr(edges - shifts[..., None]), [(0, 0), (0, 0), (1, 0)])
    shares = np.concatenate([np.diff(below), 1.0 - below[..., -1:], np.zeros_like(below[..., -1:])], -1)
    others = rng.binomial(world.batch_rows, OTHER_SHARE, world.batches)
    rows = np.stack([world.batch_rows - others, others], -1)
    of_groups = rng.multinomial(rows[:, None, :], shares[:, :, None, :])
    recalled, positives, selected = _decisions(world, rows, rng)
    return Life(
        world=world,
        reference=reference,
        values=values,
        counts=np.concatenate([of_groups.sum(2, keepdims=True), of_groups], 2),
        decisions=_decision_counts(selected, rows),
        recall=np.stack([recalled, positives], -1),
        selection=np.stack([selected[:, 1], rows[:, 1], selected[:, 0], rows[:, 0]], -1),
    )


def _decisions(
    world: World, rows: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the recalled and all positives of the other group, and the favourable decisions of both groups."""
    positives = rng.binomial(rows[..., 1], FAVORABLE)
    recalled = rng.binomial(positives, world.recall)
    false_rate = (world.impact * SELECTED - FAVORABLE * world.recall) / (1.0 - FAVORABLE)
    of_other = recalled + rng.binomial(rows[..., 1] - positives, false_rate)
    return recalled, positives, np.stack([rng.binomial(rows[..., 0], SELECTED), of_other], -1)


def _decision_counts(selected: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the counts of "no", "yes", other and null decisions, of everyone and of each group."""
    nothing = np.zeros_like(rows)
    of_groups = np.stack([rows - selected, selected, nothing, nothing], -1)
    return np.concatenate([of_groups.sum(1, keepdims=True), of_groups], 1)


def _reference(world: World, values: np.ndarray, rng: np.random.Generator) -> Reference:
    names = [f"x{number}" for number in range(FEATURES)]
    kinds = [*(("feature", name) for name in names), ("score", "score")]
    variables = [number_variable(kind, name, values[:, i]) for i, (kind, name) in enumerate(kinds)]  # type: ignore[arg-type]
    is_other = rng.random(len(values)) < OTHER_SHARE
    present = np.zeros(len(values), bool)
    counts = []
    for i, variable in enumerate(variables):
        numbers = variable.bin_numbers(values[:, i], present)
        of_groups = [np.bincount(numbers[rows], minlength=variable.bins) for rows in (~is_other, is_other)]
        counts.append(np.stack([sum(of_groups), *of_groups]))
    rows = np.array([[(~is_other).sum(), is_other.sum()]])
    _, _, selected = _decisions(world, rows, rng)
    decisions = _decision_counts(selected, rows)[0]
    decision = category_variable(
        "decision", "decision", {"no": int(decisions[0, 0]), "yes": int(decisions[0, 1])}
    )
    return Reference(
        path="simulated",
        digest="",
        rows=len(values),
        head=Head("sigmoid", 1, "simulated"),
        favorable=[1],
        threshold=0.5,
        at_least=None,
        classes=["no", "yes"],
        inputs={},
        attributes=[ReferenceGroups(attribute="group", values=[OTHER, PRIVILEGED], privileged=[PRIVILEGED])],
        groups=[("group", PRIVILEGED), ("group", OTHER)],
        variables=[*variables, decision],
        counts=[table.tolist() for table in [*counts, decisions]],
    )
