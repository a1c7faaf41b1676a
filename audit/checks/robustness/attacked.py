"""Runs the attacks on the sampled rows of an audit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from audit.attacks import BY_GRADIENT, Ascent, Attack, Batch, Norm, Outcome, Plan, Space, attack
from audit.checks.robustness.probe import Gradient, probe, sample
from audit.checks.robustness.told import drawn, told
from audit.decider import Decider
from audit.model.outcome import decision_logits
from audit.scores import Classified
from audit.subject import Subject

_BATCH, _NUMBERS = 8192, 2**21
"""Rows that are attacked at a time, and numbers that they may hold."""
_BLIND, _FEWEST, _BLIND_NUMBERS = 1000, 100, 2**17
"""Rows that a black-box attack gets, so that it ends in seconds: of very wide ones fewer."""
_GRADIENTS = 2**31
"""Numbers of the model's widest tensor in all steps of PGD: it is what a convolutional network's minutes go into."""


@dataclass(frozen=True)
class AttackedRows:
    """The attacked rows and what came of them; ``rows`` are their numbers in the data, from 0.

    ``right`` says which were decided right before, ``zero_gradient`` for each attack by gradient which found none.
    ``withheld`` are the attacks that count for the worst only: what they do not flip is no sign that it is robust.
    ``notes`` say which rows and attacks these are, where it is not what was asked for.
    """

    rows: np.ndarray
    matrix: np.ndarray
    classes: np.ndarray
    right: np.ndarray
    space: Space
    norm: Norm
    outcomes: list[Outcome]
    zero_gradient: dict[str, np.ndarray]
    withheld: frozenset[Attack]
    notes: list[str]

    @property
    def searched(self) -> bool:
        """Whether an attack looked for flips: noise alone does not."""
        return any(outcome.attack != "noise" for outcome in self.outcomes)

    def worst(self) -> list[tuple[float, np.ndarray]]:
        """Return for each eps which rows some attack of that size or smaller flipped: the weakest outcome."""
        sizes = sorted({outcome.eps for outcome in self.outcomes})
        return [(size, self._any(o for o in self.outcomes if o.eps <= size)) for size in sizes]

    def _any(self, outcomes: Iterable[Outcome]) -> np.ndarray:
        return np.asarray(np.logical_or.reduce([outcome.flipped for outcome in outcomes]))

    def strongest(self, least: int = 1) -> Outcome | None:
        """Return the attack that flipped most rows, of the smallest size that flipped ``least``; None if none did."""
        enough = [outcome for outcome in self.outcomes if outcome.flipped.sum() >= least]
        return min(enough, key=lambda o: (o.eps, -int(o.flipped.sum())), default=None)


def decided(decider: Decider) -> bool:
    """Tell whether the model's outputs are decisions: a regression's are not, unless something is favourable."""
    return decider.head.kind != "regression" or decider.at_least is not None


def run(subject: Subject, space: Space, norm: Norm, plan: Plan) -> AttackedRows:
    """Attack the model's own decisions on the sampled rows.

    Where there are no gradients, a black-box attack takes the place of those that follow them; where gradients miss
    something, it runs beside. Where they are not the model's, what they flip still counts: the model itself says so.

    Raises:
        AuditError: the model has no score for a row as attacked.
    """
    data, judge = subject.features.data, subject.judge
    ascent, gradient = _ascent(subject, space, norm, plan)
    plan = _possible(plan, gradient)
    chosen = _rows(len(data.matrix), space, plan, subject.logits.widest if ascent else 1)
    matrix, index = data.matrix[chosen], data.index[chosen]
    rows = Batch(matrix, judge(matrix), space, norm, judge, judge.weigh)
    batch = max(1, min(_BATCH, _NUMBERS // matrix.shape[1]))
    follows = ascent if not BY_GRADIENT.isdisjoint(plan.attacks) else None
    found = attack(rows, follows, plan, batch=batch)
    notes = [*drawn(len(matrix), len(data.matrix), subject.rows, plan), *told(gradient, plan)]
    right = rows.classes == truth(subject)[index]
    withheld: frozenset[Attack] = BY_GRADIENT if gradient.misled else frozenset()
    zero = {} if gradient.misled else found.zero_gradient
    return AttackedRows(
        index, matrix, rows.classes, right, space, norm, found.outcomes, zero, withheld, notes
    )


def _ascent(subject: Subject, space: Space, norm: Norm, plan: Plan) -> tuple[Ascent | None, Gradient]:
    """Return what attacks by gradient follow and what it is worth; None where none is asked for."""
    if BY_GRADIENT.isdisjoint(plan.attacks):
        return None, Gradient()
    logits, decider, matrix = subject.logits, subject.decider, subject.features.data.matrix

    def directions(rows: object) -> object:
        return decision_logits(logits(rows), decider)

    ascent = Ascent(directions, space, norm, matrix.dtype)
    x = matrix[sample(ascent, len(matrix))]
    return ascent, probe(ascent, x, subject.judge(x))


def _possible(plan: Plan, gradient: Gradient) -> Plan:
    kept = [name for name in dict.fromkeys(plan.attacks) if not (gradient.missing and name in BY_GRADIENT)]
    blind = gradient.missing or gradient.misled or gradient.doubt
    attacks = list(dict.fromkeys([*kept, "square"])) if blind else kept
    return replace(plan, attacks=attacks, eps=sorted(set(plan.eps)))


def _rows(total: int, space: Space, plan: Plan, widest: int) -> np.ndarray | slice:
    """Return which of the sampled rows are attacked, in their order: of costly attacks only some, drawn at random."""
    most = total
    if "square" in plan.attacks:
        most = max(_FEWEST, min(_BLIND, _BLIND_NUMBERS // len(space.scale)))
    if "pgd" in plan.attacks:
        most = min(most, max(_FEWEST, _GRADIENTS // (widest * plan.steps * len(plan.eps))))
    if total <= most:
        return slice(None)
    return np.sort(np.random.default_rng(plan.seed).choice(total, most, replace=False))


def truth(subject: Subject) -> np.ndarray:
    """Return the class that is right for each row of the data, int32."""
    if isinstance(subject.scores, Classified):
        return subject.scores.code
    assert subject.scores.label is not None  # `decided` was asked before
    return subject.scores.label.astype(np.int32)
