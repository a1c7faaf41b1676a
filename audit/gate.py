"""Decides: a pure function of measurements, rules and waivers. It never sees a model.

Every interval is computed again, at the policy's confidence, from what the report says it was made of.
Fail closed: what is missing, skipped, crashed, not finite or without an interval never passes a rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from audit import reasons
from audit.coverage import covered
from audit.errors import AuditError
from audit.policy.model import GateSpec, Rule, Waiver
from audit.result import CheckResult, Decision, Measurement, RuleResult, RuleStatus, Scalar, Verdict
from audit.stats import interval, is_known, p_outside

Finding = Literal["holds", "breaks", "undecided"]


@dataclass(frozen=True)
class _Covered:
    """A rule with what it covers: ``decided`` on, and left out for having too few rows."""

    rule: Rule
    decided: list[Measurement]
    left_out: list[Measurement]


def decide(
    checks: Sequence[CheckResult], gate: GateSpec, waivers: Sequence[Waiver], on: date, reported: float
) -> Decision:
    """Return the verdict over all rules.

    Args:
        checks: what was measured, skipped or crashed.
        gate: rules with ids, confidence and ``min_rows``.
        waivers: which failures somebody answers for.
        on: the date that waivers are judged by.
        reported: the confidence of the measurements' own ``ci``, for methods that are not known here.

    Raises:
        AuditError: a measurement lacks the counts that its method needs (a damaged report).
    """
    found = [_cover(rule, checks, gate, reported) for rule in gate.rules or ()]
    proven = _holm(found, 1 - gate.confidence)
    rules = [_decide_rule(item, checks, proven) for item in found]
    waived = [_waive(rule, waivers, on) for rule in rules]
    verdict, reason = _verdict(waived, checks)
    return Decision(verdict=verdict, rules=waived, reason=reason)


def _cover(rule: Rule, checks: Sequence[CheckResult], gate: GateSpec, reported: float) -> _Covered:
    measurements = [m for check in checks if check.status == "measured" for m in check.measurements]
    chosen = [_at(m, gate.confidence, reported) for m in covered(rule, measurements)]
    enough = [m for m in chosen if m.rows >= gate.min_rows or not m.speaks_of_groups]
    thin = [m for m in chosen if m.rows < gate.min_rows and m.speaks_of_groups]
    return _Covered(rule, enough, thin)


def _at(measurement: Measurement, confidence: float, reported: float) -> Measurement:
    """Return the measurement with its interval at ``confidence``; None where that cannot be told."""
    if not is_known(measurement.method):
        return measurement if confidence == reported else replace(measurement, ci=None)
    try:
        return replace(measurement, ci=interval(measurement, confidence))
    except (KeyError, IndexError, ValueError):
        raise AuditError(
            where=f"{measurement.metric} {measurement.where}",
            expected=f"the counts that the method {measurement.method!r} is computed from",
            found=f"{measurement.counts}",
            fix="run the audit again",
        ) from None


def finding(measurement: Measurement, low: float, high: float) -> Finding:
    """Tell whether a measurement holds, breaks or is undecided, before any correction.

    It holds when its whole interval lies inside ``[low, high]`` and its value is finite, and breaks when
    the whole interval lies outside. Without an interval an exact value decides, and no other.
    """
    value, span = measurement.value, measurement.ci
    if span is None and measurement.method == "exact":
        span = (value, value)
    if span is None or value != value or any(end != end for end in span):
        return "undecided"
    if span[1] < low or span[0] > high:
        return "breaks"
    inside = low <= span[0] and span[1] <= high and low <= value <= high
    return "holds" if inside and abs(value) != float("inf") else "undecided"


def _holm(found: Sequence[_Covered], alpha: float) -> set[tuple[str, int]]:
    """Return (rule id, position) of the measurements that break after Holm's correction.

    The family is every measurement that the policy decides on; one without an interval breaks for
    certain, and one whose method is not known here breaks just so at the run's confidence.
    """
    family = [
        (_p_value(measurement, *item.rule.bounds, alpha), str(item.rule.id), position)
        for item in found
        for position, measurement in enumerate(item.decided)
    ]
    proven: set[tuple[str, int]] = set()
    for step, (p, rule, position) in enumerate(sorted(family)):
        if p > alpha / (len(family) - step):
            break
        proven.add((rule, position))
    return proven


def _p_value(measurement: Measurement, low: float, high: float, alpha: float) -> float:
    if finding(measurement, low, high) != "breaks":
        return 1.0
    if measurement.method == "exact":
        return 0.0
    return p_outside(measurement, low, high) if is_known(measurement.method) else alpha


def _decide_rule(item: _Covered, checks: Sequence[CheckResult], proven: set[tuple[str, int]]) -> RuleResult:
    rule = item.rule
    findings = [finding(m, *rule.bounds) for m in item.decided]
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


def _reason(
    item: _Covered, findings: Sequence[Finding], broken: Sequence[int], checks: Sequence[CheckResult]
) -> str:
    if not findings:
        return reasons.nothing_decided(item.rule.metric, item.rule.where, len(item.left_out), checks)
    causes = [
        reasons.why_open(measurement, found == "breaks")
        for measurement, found in zip(item.decided, findings, strict=True)
        if found != "holds"
    ]
    return (
        reasons.decided(len(findings), len(broken))
        if broken or not causes
        else reasons.undecided(len(findings), causes)
    )


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
    if "pass" not in statuses:
        return "inconclusive", "every rule is waived" if rules else "the policy has no rules"
    held, waived = statuses.count("pass"), statuses.count("waived")
    words = "1 rule holds" if held == 1 else f"{held} rules hold"
    return "pass", words + (f", {waived} waived" if waived else "")
