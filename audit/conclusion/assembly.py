"""Decides on what was measured and builds the report."""

from collections.abc import Sequence
from datetime import date

from audit.audit_log.ledger import History
from audit.conclusion.facts import AuditFacts, Measured
from audit.gate.lint import warnings_of
from audit.gate.verdict import DECISION_VERSION, decide
from audit.policy.model import ResolvedPolicy
from audit.result import CheckResult, Decision, Report


def conclude(measured: Measured, history: History | None = None) -> Report:
    """Return the report with its verdict.

    Args:
        measured: facts and results of the checks.
        history: ledger to count the audit in, once; without it, ``gate.max_audits`` is inconclusive.

    Raises:
        AuditError: measurements contradict themselves.
    """
    facts = measured.facts
    policy = ResolvedPolicy.model_validate(facts.policy.effective)
    decision, counted = _decide(measured, policy, history)
    return Report(
        verdict=decision.verdict,
        reason=decision.reason,
        model=facts.model,
        data=facts.data,
        policy=facts.policy,
        rules=decision.rules,
        checks=measured.results,
        environment=facts.environment,
        baseline=facts.baseline,
        run={
            "started": measured.started,
            "seconds": measured.seconds,
            **({"execution": facts.execution} if facts.execution else {}),
            **({"rule_lines": facts.rule_lines} if facts.rule_lines else {}),
            **counted,
        },
        warnings=_warnings(facts, policy, measured.results),
        decision_version=DECISION_VERSION,
    )


def _warnings(facts: AuditFacts, policy: ResolvedPolicy, results: Sequence[CheckResult]) -> list[str]:
    of_checks = [text for result in results for text in result.warnings]
    data = policy.data
    of_rules = warnings_of(
        policy.gate, facts.metrics, results, list(data.protected), list(data.named_intersections)
    )
    return [*facts.warnings, *of_checks, *of_rules]


def _decide(
    measured: Measured, policy: ResolvedPolicy, history: History | None
) -> tuple[Decision, dict[str, object]]:
    """Return the decision, and the history's counts for the report's ``run``."""
    gate = policy.gate
    on = date.fromisoformat(str(measured.facts.environment["date"]))

    def decided(audits: int | None) -> Decision:
        return decide(measured.results, gate, policy.waivers, on, gate.confidence, audits)

    if history is None:
        return decided(None), {}
    try:
        with history.place(measured.facts.identity, measured.started) as place:
            decision = decided(place.count.audits)
            place.record(decision.verdict)
            return decision, {"history": place.count.facts()}
    except OSError as error:  # an audit that cannot be counted is decided all the same
        return decided(None), {"history": history.unknown(error).facts()}
