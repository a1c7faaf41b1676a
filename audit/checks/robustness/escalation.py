"""Attempts to flip decisions: what was asked for, and where that proves nothing, everything else beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from audit.attacks import (
    BY_GRADIENT,
    Attack,
    Batch,
    GradientAscent,
    LogOddsFunction,
    Norm,
    Outcome,
    Plan,
    ThreatModel,
    attack,
)
from audit.checks.robustness.attacked_rows import AttackedRows, truth
from audit.checks.robustness.gradient_probe import Gradient
from audit.checks.robustness.gradient_sources import Lead, guided, others, own
from audit.checks.robustness.notes import drawn, told
from audit.checks.robustness.sanity_suite import Judged, judged
from audit.checks.robustness.sanity_tests import Finding, told_apart
from audit.subject.subject import Subject

_BATCH, _NUMBERS = 8192, 2**21
"""Rows that are attacked at a time, and numbers that they may hold."""
_COMPARED = 256
"""Rows whose scores are looked at to tell whether these are bare labels."""
_BLIND, _FEWEST, _BLIND_NUMBERS = 1000, 100, 2**17
"""Rows that a black-box attack gets, so that it ends in seconds: of very wide ones fewer."""
_GRADIENTS = 2**31
"""Numbers of the model's widest tensor in all steps of PGD: it is what a convolutional network's minutes go into."""


def run(subject: Subject, space: ThreatModel, norm: Norm, plan: Plan) -> AttackedRows:
    """Attack the model's own decisions on the sampled rows, and judge the evidence.

    Where there are no gradients, a black-box attack takes the place of those that follow them. Where gradients miss
    something, or what was found does not stand up to other means, everything else is tried beside: the model itself
    says what flips, so that whatever is tried counts.

    Raises:
        AuditError: the model has no score for a row as attacked.
    """
    plan = replace(plan, attacks=list(dict.fromkeys(plan.attacks)), eps=sorted(set(plan.eps)))
    lead = None if BY_GRADIENT.isdisjoint(plan.attacks) else own(subject, space, norm)
    asked = _Attempt(subject, space, norm, plan, lead)
    if lead is None or lead.gradient.sound:
        found = asked.made()
        if found.judged is None or found.judged.valid:
            return found
        asked = replace(asked, before=tuple(found.judged.findings))
    return asked.escalated()


@dataclass(frozen=True)
class _Attempt:
    """Attacks to run: those of ``plan`` along ``lead``, and others along ``beside``."""

    subject: Subject
    space: ThreatModel
    norm: Norm
    plan: Plan
    lead: Lead | None
    beside: tuple[Lead, ...] = ()
    log_odds: LogOddsFunction | None = None
    before: tuple[Finding, ...] = ()
    more: bool = False

    def escalated(self) -> AttackedRows:
        """Run everything that there is."""
        beside, stand_in = others(self.subject, self.space, self.norm, self.lead, max(self.plan.eps))
        lost = self.lead is not None and self.lead.gradient.missing is not None
        kept = [name for name in self.plan.attacks if not (lost and name in BY_GRADIENT)]
        attacks = list(dict.fromkeys([*kept, *_names(beside, self.space), "square"]))
        blind = stand_in is not None and stand_in.exact and self._labels_only()
        return replace(
            self,
            plan=replace(self.plan, attacks=attacks),
            beside=tuple(beside),
            log_odds=guided(self.subject, stand_in) if blind and stand_in else None,
            before=(*(self.lead.gradient.findings if self.lead else ()), *self.before),
            more=True,
        ).made()

    def made(self) -> AttackedRows:
        """Run the attacks and judge them."""
        subject, plan, data = self.subject, self.plan, self.subject.features.data
        follows = self.lead.ascent if self.lead and not BY_GRADIENT.isdisjoint(plan.attacks) else None
        widest = subject.logits.widest if self.lead else 1
        chosen = _rows(len(data.matrix), self.space, plan, widest)
        matrix, index = data.matrix[chosen], data.index[chosen]
        weigh = self.log_odds or subject.judge.log_odds
        known = subject.features.background.matrix
        rows = Batch(matrix, subject.judge(matrix), self.space, self.norm, subject.judge, weigh, known)
        batch = max(1, min(_BATCH, _NUMBERS // matrix.shape[1]))
        along: dict[Attack, GradientAscent] = {lead.name: lead.ascent for lead in self.beside}
        if self.beside:
            along["border"] = self.beside[0].ascent
        found = attack(rows, follows, plan, batch=batch, beside=along)
        gradient = self.lead.gradient if self.lead else Gradient()
        return AttackedRows(
            rows=index,
            matrix=matrix,
            classes=rows.classes,
            right=rows.classes == truth(subject)[index],
            space=self.space,
            norm=self.norm,
            outcomes=found.outcomes,
            zero_gradient={} if gradient.misled else found.zero_gradient,
            withheld=frozenset({*along, "decisions", *(BY_GRADIENT if gradient.misled else ())}),
            notes=[*drawn(len(matrix), len(data.matrix), subject.rows, plan), *told(gradient, plan)],
            judged=self._judged(rows, found.outcomes),
            before=self.before,
            escalated=self.more,
        )

    def _judged(self, rows: Batch, outcomes: list[Outcome]) -> Judged | None:
        if not any(outcome.attack != "noise" for outcome in outcomes):
            return None
        leads = [
            lead for lead in (self.lead, *self.beside) if lead and lead.usable and lead.name != "smoothed"
        ]
        best = min(leads, key=lambda lead: not lead.gradient.sound, default=None)
        return judged(self.subject, rows, self.plan, outcomes, best)

    def _labels_only(self) -> bool:
        """Whether the scores of some rows say no more than what is decided."""
        data = self.subject.features.data.matrix
        some = data[:: -(-len(data) // _COMPARED)]
        return (
            told_apart(self.subject.judge.log_odds(some)[0], int(self.space.movable.sum())).verdict
            == "in doubt"
        )


def _names(beside: Sequence[Lead], space: ThreatModel) -> list[Attack]:
    """Return what runs beside the attacks that were asked for, except `square`."""
    border: list[Attack] = ["border"] if beside else []
    decisions: list[Attack] = (
        [] if space.shape else ["decisions"]
    )  # of too many numbers for its few questions
    return [*(lead.name for lead in beside), *border, *decisions]


def _rows(total: int, space: ThreatModel, plan: Plan, widest: int) -> np.ndarray | slice:
    """Return which of the sampled rows are attacked, in their order: of costly attacks only some, drawn at random."""
    most = total
    if "square" in plan.attacks:
        most = max(_FEWEST, min(_BLIND, _BLIND_NUMBERS // len(space.scale)))
    if "pgd" in plan.attacks:
        most = min(most, max(_FEWEST, _GRADIENTS // (widest * plan.steps * len(plan.eps))))
    if total <= most:
        return slice(None)
    return np.sort(np.random.default_rng(plan.seed).choice(total, most, replace=False))
