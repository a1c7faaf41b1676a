"""Decisions of the served model on rows whose protected group is changed, beside those on the rows as they are."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from audit.checks.explainability.changed_groups import GroupChanger
from audit.inputs.features import Rows
from audit.subject.preview import Preview
from audit.subject.subject import Subject

BUDGET_SHARE = 0.1
"""Multiply-adds that changed rows may take, as a share of the budget for attribution, in addition to it."""
_MIN_ROWS = 2


@dataclass(frozen=True)
class Flips:
    """Decisions that change with the group of a row.

    ``flipped`` says for each of the changer's targets which rows are decided otherwise, bool ``(targets, rows)``.
    ``before`` says whether the rows as they are are decided favourably, bool ``(rows,)``.
    """

    changer: GroupChanger
    before: np.ndarray
    flipped: np.ndarray

    @cached_property
    def any(self) -> np.ndarray:
        """Whether at least one other group changes the decision, bool ``(rows,)``."""
        return np.asarray(self.flipped.any(0))

    @property
    def is_constant(self) -> bool:
        """Whether all rows are decided alike, in any group, so that the rate says nothing of the attribute."""
        return not self.any.any() and bool(self.before.all() or not self.before.any())


def affordable_rows(subject: Subject, budget: float) -> int:
    """Return how many rows the budget suffices for, at most those that are sampled.

    All attributes count, read or not, so that two models that are compared are rescored on the same rows.
    """
    evaluations = 1 + sum(len(attribute.groups) - 1 for attribute in subject.attributes)
    affordable = budget / (subject.multiply_adds * evaluations)
    return int(min(len(subject.features.data.index), max(_MIN_ROWS, affordable)))


def planned_changes(preview: Preview, affordable: float) -> float:
    """Return the most evaluations of changed rows, if the budget for attribution is worth ``affordable`` ones."""
    return min(preview.sampled_rows * (1 + preview.other_groups), BUDGET_SHARE * affordable)


def decisions(subject: Subject, matrix: np.ndarray) -> np.ndarray:
    """Return whether the served model decides favourably, bool ``(rows,)``.

    Where attributes are protected, the policy has to name a favourable outcome of several classes.
    """
    return np.isin(subject.predictor(matrix), subject.decision_rule.favorable)


def compute_flips(subject: Subject, sample: Rows, changer: GroupChanger, before: np.ndarray) -> Flips:
    """Return the flips of sampled rows, whose decisions are ``before``, if each is changed to each other group.

    Raises:
        AuditError: the model fails on changed rows.
    """
    targets = changer.targets
    flipped = np.zeros((len(targets), len(before)), bool)
    step = f"changing {changer.attribute.name} in {len(before):,} rows"
    for place, target in enumerate(targets):
        subject.progress(step, place, len(targets))
        changed = changer.change(sample.matrix, target)
        flipped[place, changed.rows] = decisions(subject, changed.matrix) != before[changed.rows]
    subject.progress(step, len(targets), len(targets))
    return Flips(changer, before, flipped)
