"""The attacked rows of an audit: what attacks flipped, and what the evidence is worth."""

from dataclasses import dataclass

import numpy as np

from audit.attacks import ATTACKS
from audit.attacks.batch import Batch
from audit.attacks.outcomes import Outcome, flipped_by_any
from audit.checks.robustness.sanity_suite import SanityVerdict
from audit.checks.robustness.sanity_tests import Finding
from audit.result import Note
from audit.subject.predictions import Classified
from audit.subject.subject import Subject


@dataclass(frozen=True)
class AttackedRows:
    """The attacked rows and the outcomes of all attacks.

    Attributes:
        rows: their numbers in the data, from 0.
        batch: the rows themselves, with their classes and the threat model.
        right: which of them were decided right before, bool ``(rows,)``.
        outcomes: the outcome of each attack and size.
        zero_gradient: the rows without a gradient, for each attack along the model's own.
        withheld: attacks that count in ``worst`` only: rows that they do not flip are no sign of robustness.
        notes: which rows and attacks these are, if not those requested.
        verdict: what the evidence is worth; None if no attack looked for flips.
        before: findings on the attacks that were requested, if more than these had to run (``escalated``).
        escalated: whether attacks ran that were not requested.
    """

    rows: np.ndarray
    batch: Batch
    right: np.ndarray
    outcomes: list[Outcome]
    zero_gradient: dict[str, np.ndarray]
    withheld: frozenset[str]
    notes: list[Note]
    verdict: SanityVerdict | None
    before: tuple[Finding, ...]
    escalated: bool

    @property
    def bounds(self) -> frozenset[str]:
        """The attacks, and ``worst``, whose accuracy is an upper bound: they may have missed flips."""
        if self.verdict is None:
            return frozenset()
        gradient = self.verdict.gradient and not self.escalated
        proven = {"gradient": gradient, "search": self.verdict.search, None: False}
        specs = [ATTACKS[name] for name in {outcome.attack for outcome in self.outcomes} - self.withheld]
        unproven = [spec.name for spec in specs if not (spec.is_control or proven[spec.proven_by])]
        return frozenset(unproven if self.verdict.valid else [*unproven, "worst"])

    @property
    def searched(self) -> bool:
        """Whether an attack looked for flips: the control does not."""
        return not all(ATTACKS[outcome.attack].is_control for outcome in self.outcomes)

    def worst(self) -> dict[float, np.ndarray]:
        """Return for each eps which rows some attack of that size or smaller flipped: the weakest outcome."""
        epsilons = sorted({outcome.eps for outcome in self.outcomes})
        return {eps: flipped_by_any(o for o in self.outcomes if o.eps <= eps) for eps in epsilons}

    def strongest(self, flips: int = 1) -> Outcome | None:
        """Return the attack that flipped most rows, of the smallest size that flipped ``flips``; None if none did."""
        enough = [outcome for outcome in self.outcomes if outcome.flipped.sum() >= flips]
        return min(enough, key=lambda o: (o.eps, -int(o.flipped.sum())), default=None)


def true_classes(subject: Subject) -> np.ndarray:
    """Return the true class of each row of the data, int32."""
    if isinstance(subject.scores, Classified):
        return subject.scores.code
    assert subject.scores.label is not None  # `DecisionRule.has_decisions` was asked before
    return subject.scores.label.astype(np.int32)
