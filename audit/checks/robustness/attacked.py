"""Runs the attacks on the sampled rows of an audit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from audit.attacks import Ascent, Attack, Attacked, Norm, Outcome, Space, attack
from audit.check import Skip
from audit.decider import Decider
from audit.model.framework import tensorflow
from audit.model.outcome import decision_logits
from audit.scores import Classified
from audit.subject import Subject

_BATCH = 8192
_NO_GRADIENT = (
    "the model has no gradient with respect to the columns that may move, at any row: an attack by gradient would "
    "find nothing and prove nothing"
)


@dataclass(frozen=True)
class AttackedRows:
    """The attacked rows and what came of them; ``rows`` are their numbers in the data, from 0.

    ``right`` says which were decided right before, ``zero_gradient`` for each attack by gradient which found none.
    ``ascent`` is what the attacks followed.
    """

    ascent: Ascent
    rows: np.ndarray
    matrix: np.ndarray
    classes: np.ndarray
    right: np.ndarray
    space: Space
    norm: Norm
    outcomes: list[Outcome]
    zero_gradient: dict[str, np.ndarray]

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


def run(
    subject: Subject, space: Space, attacks: Sequence[Attack], eps: Sequence[float], norm: Norm, steps: int
) -> AttackedRows:
    """Attack the model's own decisions on all sampled rows.

    Raises:
        Skip: the logits have no gradient with respect to the columns that may move.
        AuditError: the model has no score for a row as attacked.
    """
    data, logits, decider = subject.features.data, subject.logits, subject.decider
    classes = subject.judge(data.matrix)

    def directions(rows: object) -> object:
        return decision_logits(logits(rows), decider)

    ascent = Ascent(directions, space, norm, data.matrix.dtype)

    def attacked() -> Attacked:
        return attack(
            ascent, subject.judge, data.matrix, classes,
            attacks=list(dict.fromkeys(attacks)), eps=sorted(set(eps)), seed=subject.seed, batch=_BATCH, steps=steps,
        )  # fmt: skip

    try:
        found = attacked()
    except (LookupError, tensorflow().errors.OpError) as error:  # an operation without a gradient
        raise Skip(f"{_NO_GRADIENT} ({error})") from None
    if found.zero_gradient and all(zero.all() for zero in found.zero_gradient.values()):
        raise Skip(_NO_GRADIENT)
    right = classes == _truth(subject)[data.index]
    return AttackedRows(
        ascent, data.index, data.matrix, classes, right, space, norm, found.outcomes, found.zero_gradient
    )


def _truth(subject: Subject) -> np.ndarray:
    if isinstance(subject.scores, Classified):
        return subject.scores.code
    assert subject.scores.label is not None  # `decided` was asked before
    return subject.scores.label.astype(np.int32)
