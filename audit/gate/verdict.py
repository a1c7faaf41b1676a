"""The verdict: a pure function of measurements, rules and waivers. It never sees a model.

Every interval is computed again, at the policy's confidence, from the counts in the report.
Fail closed: what is missing, skipped, crashed, not finite or without an interval never passes a rule.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from audit.gate import reasons
from audit.gate.claims import Finding
from audit.gate.coverage import Coverage, cover, label, label_with_rows
from audit.gate.sample_size import needed
from audit.gate.vacuity import unfailable
from audit.policy.gate_spec import GateSpec, Waiver
from audit.result import (
    AUDITS,
    MAX_AUDITS,
    CheckResult,
    Decision,
    Measurement,
    RuleResult,
    RuleStatus,
    Scalar,
    Verdict,
)
from audit.stats.holm import rejected

DECISION_VERSION = 3
"""Version of the rules by which a verdict follows from measurements; a report without one is of version 1."""


def decide(
    checks: Sequence[CheckResult],
    gate: GateSpec,
    waivers: Sequence[Waiver],
    on: date,
    reported: float,
    audits: int | None = None,
) -> Decision:
    """Return the verdict over all rules.

    Waivers are valid ``on`` a date. ``reported`` is the confidence of the measurements' own ``ci``, for methods that
    are not known here; ``audits`` the number of different audits of these rows, this one included, None if unknown.

    Raises:
        AuditError: a measurement lacks the counts that its method needs, or contradicts itself (a damaged report).
    """
    items = cover(checks, gate, reported)
    proven = _holm(items, 1 - gate.confidence)
    error = (1 - gate.confidence) / max(1, sum(len(item.claims) for item in items) - len(proven))
    decided = [_decide_rule(item, checks, proven, gate.min_rows) for item in items]
    pairs = zip(decided, items, strict=True)
    rules = [_with_advice(rule, item, gate.confidence, error) for rule, item in pairs]
    waived = [_waive(rule, waivers, on) for rule in [*rules, *_audits_rule(audits, gate.max_audits)]]
    of_data = [str(item.rule.id) for item in items if item.facts and item.facts.of_data]
    verdict, reason = _verdict(waived, checks, of_data)
    return Decision(verdict=verdict, rules=waived, reason=reason, confidence=gate.confidence)


def _audits_rule(audits: int | None, max_audits: int | None) -> Iterator[RuleResult]:
    """Yield the result of ``gate.max_audits``: of many candidates on the same rows, one passes by luck."""
    if max_audits is None:
        return
    number = None if audits is None else Measurement(metric=AUDITS, value=audits, n=audits, method="exact")
    status: RuleStatus = "inconclusive" if audits is None else "pass" if audits <= max_audits else "fail"
    yield RuleResult(
        id=MAX_AUDITS,
        metric=AUDITS,
        where={},
        limit={"at_most": float(max_audits)},
        status=status,
        reason=reasons.audits(audits, max_audits),
        measurements=[number] if number else [],
    )


def _holm(items: Sequence[Coverage], alpha: float) -> set[tuple[str, int]]:
    """Return (rule id, position) of the claims that break after Holm's correction.

    The family is every claim of the policy on the measurements that it decides on.
    """
    family = {
        (str(item.rule.id), position): claim for item in items for position, claim in enumerate(item.claims)
    }
    return rejected(family, len(family), alpha, lambda key, error: family[key].breaks_at(error, alpha))


def _decide_rule(
    item: Coverage, checks: Sequence[CheckResult], proven: set[tuple[str, int]], min_rows: int
) -> RuleResult:
    rule = item.rule
    findings = [claim.finding for claim in item.claims]
    broken = [i for i, f in enumerate(findings) if f == "breaks" and (str(rule.id), i) in proven]
    holds = bool(findings) and set(findings) == {"holds"} and not _objections(item)
    status: RuleStatus = "fail" if broken else "pass" if holds else "inconclusive"
    return RuleResult(
        id=str(rule.id),
        metric=rule.metric,
        where=rule.where,
        limit=rule.limit,
        status=status,
        reason=_reason(item, findings, broken, checks, min_rows),
        measurements=item.decided,
        not_decided=item.left_out,
    )


def _with_advice(rule: RuleResult, item: Coverage, confidence: float, error: float) -> RuleResult:
    """Add the sample sizes that would decide an inconclusive rule; ``error`` is Holm's for each open claim."""
    if rule.status != "inconclusive":
        return rule
    undecided = [claim for claim in item.claims if claim.span is not None and claim.finding != "holds"]
    sampled = item.facts.sampled if item.facts else None
    needs = [sentence for claim in undecided for sentence in needed(claim, confidence, error, sampled)]
    return replace(rule, needs=needs)


def _objections(item: Coverage) -> list[str]:
    """Return why the rule does not pass though all that it decides on holds."""
    small = sorted(map(label, item.small_outside))
    return [
        *([reasons.unpooled(item.unpooled)] if item.unpooled else []),
        *([reasons.small_outside(small)] if small else []),
        *([vacuous] if (vacuous := unfailable(item.rule, item.claims, item.facts)) else []),
    ]


def _reason(
    item: Coverage,
    findings: Sequence[Finding],
    broken: Sequence[int],
    checks: Sequence[CheckResult],
    min_rows: int,
) -> str:
    objections = _objections(item)
    if not findings:
        left_out = sorted(map(label_with_rows, item.left_out))
        return ". ".join([reasons.nothing_decided(item.rule, left_out, min_rows, checks), *objections])
    causes = [
        reasons.why_open(claim, finding == "breaks")
        for claim, finding in zip(item.claims, findings, strict=True)
        if finding != "holds"
    ]
    if broken or not (causes or objections):
        return reasons.decided(len(findings), len(broken))
    if not causes:
        return f"not decided: {'. '.join(objections)}"
    bounds = reasons.of_bounds(item.rule, item.decided, checks) if reasons.BOUND in causes else ""
    return ". ".join([reasons.undecided(len(findings), causes) + bounds, *objections])


def _waive(rule: RuleResult, waivers: Sequence[Waiver], on: date) -> RuleResult:
    for waiver in waivers:
        if waiver.rule == rule.id and rule.status in waiver.covers and on < waiver.expires:
            facts: Mapping[str, Scalar | list[str]] = waiver.model_dump(mode="json")
            return replace(rule, status="waived", would_be=rule.status, waiver=dict(facts))
    return rule


def _verdict(
    rules: Sequence[RuleResult], checks: Sequence[CheckResult], of_data: Sequence[str]
) -> tuple[Verdict, str]:
    """Return the verdict and its reason; ``of_data`` are the ids of rules whose metric is of the data alone."""
    statuses = [rule.status for rule in rules]
    crashed = [check.name for check in checks if check.status == "crashed"]
    if "fail" in statuses:
        broken = statuses.count("fail")
        return "fail", f"{broken} of {len(rules)} rules {'does' if broken == 1 else 'do'} not hold"
    if crashed:
        return "inconclusive", f"the check {crashed[0]} crashed"
    if "inconclusive" in statuses:
        return "inconclusive", f"{statuses.count('inconclusive')} of {len(rules)} rules could not be decided"
    # That few candidates were tried says nothing of this one, nor does what is the same for every model.
    measured = [rule.status for rule in rules if rule.id not in (MAX_AUDITS, *of_data)]
    if "pass" not in measured:
        without = "no rule is on the model" if of_data else "the policy has no rules"
        return "inconclusive", "every rule is waived" if measured else without
    passed = statuses.count("pass")
    waived = statuses.count("waived")
    reason = "1 rule holds" if passed == 1 else f"{passed} rules hold"
    return "pass", reason + (f", {waived} waived" if waived else "")
