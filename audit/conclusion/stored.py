"""The verdict stored in a report, against the one that follows from the report's measurements."""

import math
from dataclasses import replace
from datetime import date

from audit.audit_log.audit_count import audit_number
from audit.errors import AuditError
from audit.gate.validation import require_consistent, require_value_of_counts
from audit.gate.verdict import DECISION_VERSION, decide
from audit.policy.compatibility import recorded_policy, require_same_audit
from audit.policy.gate_spec import require_short
from audit.policy.model import ResolvedPolicy
from audit.result import Decision, Report, RuleResult
from audit.stats import intervals, is_known
from audit.stats.interval_method import Interval


def decide_again(report: Report) -> Decision:
    """Return the decision by the report's own policy, on its own date.

    Raises:
        AuditError: policy or measurements contradict themselves, or a newer version decided.
    """
    policy = recorded_policy(report)
    if report.decision_version > DECISION_VERSION:
        raise AuditError(
            where="decision_version",
            expected=f"at most {DECISION_VERSION}, the rules of this version of savedmodel-audit",
            found=f"{report.decision_version}",
            fix="install the version that made the report (environment.audit)",
        )
    gate = policy.gate
    return decide(
        report.checks, gate, policy.waivers, _judged_on(report), gate.confidence, audit_number(report)
    )


def decide_under(report: Report, policy: ResolvedPolicy | None, on: date) -> Decision:
    """Return the decision of another policy, or of the report's own on another date, ignoring the stored one.

    Raises:
        AuditError: the policy describes another audit, has too long a waiver, or the report's own was edited.
    """
    recorded = recorded_policy(report)
    deciding = policy or recorded
    require_same_audit(recorded, deciding)
    require_short(deciding.waivers, deciding.gate, on)
    confidence = recorded.gate.confidence
    return decide(report.checks, deciding.gate, deciding.waivers, on, confidence, audit_number(report))


def verified(report: Report) -> Report:
    """Return the report with the decision that follows from its measurements, in place of the stored one.

    The stored one of an older decision version may differ; the report's ``superseded`` then says so.

    Raises:
        AuditError: the stored decision, of this version, does not follow.
    """
    decision = decide_again(report)
    if report.decision_version == DECISION_VERSION and (difference := _difference(report, decision)):
        raise AuditError(
            where=f"report: {difference[0]}",
            expected=f"{difference[1]!r}, which follows from the measurements, policy and date in the report",
            found=f"{difference[2]!r}",
            fix="do not rely on this report: it was edited; run the audit again",
        )
    return replace(
        report,
        verdict=decision.verdict,
        reason=decision.reason,
        rules=decision.rules,
        superseded=superseded(report, decision),
    )


def require_measured(report: Report) -> Report:
    """Return the report, whose measurements do not contradict themselves, whether or not a rule covers them.

    Raises:
        AuditError: one does, or its interval is another one than its method gives.
    """
    confidence = recorded_policy(report).gate.confidence
    measurements = [require_consistent(m) for check in report.checks for m in check.measurements]
    known = [m for m in measurements if is_known(m.method)]
    for measurement, follows in zip(known, intervals(known, confidence), strict=True):
        require_value_of_counts(measurement)
        if report.decision_version == DECISION_VERSION and not _alike(measurement.ci, follows):
            raise AuditError(
                where=f"{measurement.metric} {measurement.where}",
                expected=f"the interval {follows}, which follows from its counts",
                found=f"{measurement.ci}",
                fix="do not rely on this report: it was edited; run the audit again",
            )
    return report


def _alike(stored: Interval | None, follows: Interval | None) -> bool:
    """Whether two intervals are equal but for the last digits, in which processors differ."""
    if stored is None or follows is None:
        return stored == follows
    return all(
        a == b or math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9) or (math.isnan(a) and math.isnan(b))
        for a, b in zip(stored, follows, strict=True)
    )


def superseded(report: Report, decision: Decision | Report) -> str:
    """Return a sentence on the stored verdict of an older decision version, and today's; empty if it is of this one."""
    if report.decision_version == DECISION_VERSION:
        return ""
    return (
        f"This report was decided by version {report.decision_version} of the decision rules: "
        f"{report.verdict.upper()}. By version {DECISION_VERSION}, which decides here, its measurements give "
        f"{decision.verdict.upper()}."
    )


def contradicted(report: Report) -> str:
    """Return a sentence on a stored decision, of this version, that does not follow; empty if it does."""
    if report.decision_version != DECISION_VERSION:
        return ""
    if difference := _difference(report, decide_again(report)):
        place, expected, stored = difference
        return f"the report was edited: its {place} is stored as {stored!r}, but its measurements give {expected!r}"
    return ""


def _judged_on(report: Report) -> date:
    text = report.environment.get("date")
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise AuditError(
            where="report: environment.date", expected="a date as YYYY-MM-DD", found=repr(text)
        ) from None


def _difference(report: Report, decision: Decision) -> tuple[str, object, object] | None:
    """Return what differs first, with the value that follows and the stored one."""
    pairs: list[tuple[str, object, object]] = [
        ("verdict", decision.verdict, report.verdict),
        ("rules", [rule.id for rule in decision.rules], [rule.id for rule in report.rules]),
    ]
    check_warnings = [text for check in report.checks for text in check.warnings]
    pairs.append(("warnings", [], [text for text in check_warnings if text not in report.warnings]))
    for follows, stored in zip(decision.rules, report.rules, strict=False):
        pairs += _rule_pairs(follows, stored)
    return next((pair for pair in pairs if pair[1] != pair[2]), None)


def _rule_pairs(follows: RuleResult, stored: RuleResult) -> list[tuple[str, object, object]]:
    """Return the facts of a rule that do not depend on wording or on the last digits of an interval."""

    def values(rule: RuleResult) -> list[tuple[str, str, int]]:
        covered_measurements = [*rule.measurements, *rule.not_decided]
        return [(str(m.where), repr(float(m.value)), m.n) for m in covered_measurements]

    return [
        (f"rules.{follows.id}.status", follows.status, stored.status),
        (f"rules.{follows.id}.would_be", follows.would_be, stored.would_be),
        (f"rules.{follows.id}.limit", follows.limit, stored.limit),
        (f"rules.{follows.id}.measurements", values(follows), values(stored)),
    ]
