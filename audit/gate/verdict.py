"""Decides: a pure function of measurements, rules and waivers. It never sees a model.

Every interval is computed again, at the policy's confidence, from what the report says it was made of.
Fail closed: what is missing, skipped, crashed, not finite or without an interval never passes a rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from audit.gate import reasons
from audit.gate.claims import Claim, Finding, claims
from audit.gate.sample_size import needed
from audit.gate.selection import covered
from audit.gate.validation import require_consistent
from audit.policy.gate_spec import GateSpec, Rule, Waiver
from audit.result import (
    AUDITS,
    MAX_AUDITS,
    CheckResult,
    Decision,
    Measurement,
    MetricFacts,
    RuleResult,
    RuleStatus,
    Scalar,
    Verdict,
)
from audit.stats.confidence import at_confidence


@dataclass(frozen=True)
class _Covered:
    """A rule with the measurements that it covers: ``decided`` on, and left out for having too few rows."""

    rule: Rule
    decided: list[Measurement]
    left_out: list[Measurement]
    facts: MetricFacts | None

    @property
    def claims(self) -> list[Claim]:
        return [claim for measurement in self.decided for claim in claims(self.rule, measurement)]


def decide(
    checks: Sequence[CheckResult],
    gate: GateSpec,
    waivers: Sequence[Waiver],
    on: date,
    reported: float,
    audits: int | None = None,
) -> Decision:
    """Return the verdict over all rules.

    Args:
        checks: what was measured, skipped or crashed.
        gate: rules with ids, confidence and ``min_rows``.
        waivers: which failures somebody answers for.
        on: the date that waivers are judged by.
        reported: the confidence of the measurements' own ``ci``, for methods that are not known here.
        audits: how many different audits of these rows were made, this one included; None where nobody knows.

    Raises:
        AuditError: a measurement lacks the counts that its method needs, or contradicts itself (a damaged report).
    """
    found = [_cover(rule, checks, gate, reported) for rule in gate.rules or ()]
    proven = _holm(found, 1 - gate.confidence)
    left = (1 - gate.confidence) / max(1, sum(len(item.claims) for item in found) - len(proven))
    rules = [_advised(_decide_rule(item, checks, proven), item, gate.confidence, left) for item in found]
    waived = [_waive(rule, waivers, on) for rule in [*rules, *_bounded(audits, gate.max_audits)]]
    verdict, reason = _verdict(waived, checks)
    return Decision(verdict=verdict, rules=waived, reason=reason)


def _bounded(audits: int | None, most: int | None) -> Iterator[RuleResult]:
    """Yield how ``gate.max_audits`` is decided: of rows that many candidates were tried on, one passes by luck."""
    if most is None:
        return
    found = [] if audits is None else [Measurement(metric=AUDITS, value=audits, n=audits, method="exact")]
    status: RuleStatus = "inconclusive" if audits is None else "pass" if audits <= most else "fail"
    yield RuleResult(
        id=MAX_AUDITS,
        metric=AUDITS,
        where={},
        limit={"at_most": float(most)},
        status=status,
        reason=reasons.audits(audits, most),
        measurements=found,
    )


def _cover(rule: Rule, checks: Sequence[CheckResult], gate: GateSpec, reported: float) -> _Covered:
    measurements = [m for check in checks if check.status == "measured" for m in check.measurements]
    whole = [require_consistent(m) for m in covered(rule, measurements)]
    chosen = [at_confidence(m, gate.confidence, reported) for m in whole]
    enough = [m for m in chosen if m.rows >= gate.min_rows or not m.speaks_of_groups]
    thin = [m for m in chosen if m.rows < gate.min_rows and m.speaks_of_groups]
    facts = next((check.metrics[rule.metric] for check in checks if rule.metric in check.metrics), None)
    return _Covered(rule, enough, thin, facts)


def _holm(found: Sequence[_Covered], alpha: float) -> set[tuple[str, int]]:
    """Return (rule id, position) of the claims that break after Holm's correction.

    The family is every claim that the policy makes of what it decides on.
    """
    family = [
        (claim.p_value(alpha), str(item.rule.id), position)
        for item in found
        for position, claim in enumerate(item.claims)
    ]
    proven: set[tuple[str, int]] = set()
    for step, (p, rule, position) in enumerate(sorted(family)):
        if p > alpha / (len(family) - step):
            break
        proven.add((rule, position))
    return proven


def _decide_rule(item: _Covered, checks: Sequence[CheckResult], proven: set[tuple[str, int]]) -> RuleResult:
    rule = item.rule
    findings = [claim.finding for claim in item.claims]
    broken = [i for i, f in enumerate(findings) if f == "breaks" and (str(rule.id), i) in proven]
    status: RuleStatus = "fail" if broken else "pass"
    if not broken and (not findings or any(f != "holds" for f in findings)):
        status = "inconclusive"
    return RuleResult(
        id=str(rule.id),
        metric=rule.metric,
        where=rule.where,
        limit=rule.limit,
        status=status,
        reason=_reason(item, findings, broken, checks),
        measurements=item.decided,
        not_decided=item.left_out,
    )


def _advised(rule: RuleResult, item: _Covered, confidence: float, left: float) -> RuleResult:
    """Say what would decide an inconclusive rule; ``left`` is the error that Holm leaves to each open claim."""
    if rule.status != "inconclusive":
        return rule
    undecided = [claim for claim in item.claims if claim.span is not None and claim.finding != "holds"]
    sampled = item.facts.sampled if item.facts else None
    needs = [sentence for claim in undecided for sentence in needed(claim, confidence, left, sampled)]
    return replace(rule, needs=needs)


def _reason(
    item: _Covered, findings: Sequence[Finding], broken: Sequence[int], checks: Sequence[CheckResult]
) -> str:
    if not findings:
        return reasons.nothing_decided(item.rule.metric, item.rule.where, len(item.left_out), checks)
    causes = [
        reasons.why_open(claim, found == "breaks")
        for claim, found in zip(item.claims, findings, strict=True)
        if found != "holds"
    ]
    if broken or not causes:
        return reasons.decided(len(findings), len(broken))
    why = reasons.of_bounds(item.rule.metric, item.rule.where, checks) if reasons.BOUND in causes else ""
    return reasons.undecided(len(findings), causes) + why


def _waive(rule: RuleResult, waivers: Sequence[Waiver], on: date) -> RuleResult:
    for waiver in waivers:
        if waiver.rule == rule.id and rule.status in waiver.covers and on < waiver.expires:
            facts: Mapping[str, Scalar | list[str]] = waiver.model_dump(mode="json")
            return replace(rule, status="waived", would_be=rule.status, waiver=dict(facts))
    return rule


def _verdict(rules: Sequence[RuleResult], checks: Sequence[CheckResult]) -> tuple[Verdict, str]:
    statuses = [rule.status for rule in rules]
    crashed = [check.name for check in checks if check.status == "crashed"]
    if "fail" in statuses:
        broken = statuses.count("fail")
        return "fail", f"{broken} of {len(rules)} rules {'does' if broken == 1 else 'do'} not hold"
    if crashed:
        return "inconclusive", f"the check {crashed[0]} crashed"
    if "inconclusive" in statuses:
        return "inconclusive", f"{statuses.count('inconclusive')} of {len(rules)} rules could not be decided"
    # That few candidates were tried says nothing of this one.
    measured = [rule.status for rule in rules if rule.id != MAX_AUDITS]
    if "pass" not in measured:
        return "inconclusive", "every rule is waived" if measured else "the policy has no rules"
    held, waived = statuses.count("pass"), statuses.count("waived")
    words = "1 rule holds" if held == 1 else f"{held} rules hold"
    return "pass", words + (f", {waived} waived" if waived else "")
