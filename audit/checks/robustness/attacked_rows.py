"""What attacks did to the sampled rows of an audit, and what their evidence is worth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from audit.attacks import BY_GRADIENT, Attack, Norm, Outcome, ThreatModel
from audit.checks.robustness.sanity_suite import Judged
from audit.checks.robustness.sanity_tests import Finding
from audit.model.decision import DecisionRule
from audit.subject.predictions import Classified
from audit.subject.subject import Subject


@dataclass(frozen=True)
class AttackedRows:
    """The attacked rows and what came of them; ``rows`` are their numbers in the data, from 0.

    ``right`` says which were decided right before, ``zero_gradient`` for each attack by gradient which found none.
    ``withheld`` are the attacks that count for the worst only: what they do not flip is no sign that it is robust.
    ``judged`` says what the evidence is worth, None where nothing was searched for; ``before`` is what was found of the
    attacks that were asked for, where more than these had to run (``escalated``).
    ``notes`` say which rows and attacks these are, where it is not what was asked for.
    """

    rows: np.ndarray
    matrix: np.ndarray
    classes: np.ndarray
    right: np.ndarray
    space: ThreatModel
    norm: Norm
    outcomes: list[Outcome]
    zero_gradient: dict[str, np.ndarray]
    withheld: frozenset[Attack]
    notes: list[str]
    judged: Judged | None
    before: tuple[Finding, ...]
    escalated: bool

    @property
    def bounded(self) -> frozenset[str]:
        """The attacks of which it is not shown that they would have found what there is."""
        if self.judged is None:
            return frozenset()
        fair = {"noise"}
        fair |= BY_GRADIENT if self.judged.gradient and not self.escalated else set()
        fair |= {"square"} if self.judged.search else set()
        fair |= {"worst"} if self.judged.valid else set()
        return frozenset({*(outcome.attack for outcome in self.outcomes), "worst"} - self.withheld - fair)

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


def decided(decider: DecisionRule) -> bool:
    """Tell whether the model's outputs are decisions: a regression's are not, unless something is favourable."""
    return decider.head.kind != "regression" or decider.at_least is not None


def truth(subject: Subject) -> np.ndarray:
    """Return the class that is right for each row of the data, int32."""
    if isinstance(subject.scores, Classified):
        return subject.scores.code
    assert subject.scores.label is not None  # `decided` was asked before
    return subject.scores.label.astype(np.int32)
