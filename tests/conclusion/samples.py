"""Facts of an audit that nobody made."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from audit.audit_log.ledger import AuditIdentity
from audit.conclusion.facts import AuditFacts
from audit.policy import Policy
from audit.result import MetricFacts

from ..formats import samples

_report = cache(samples.report)


def facts(policy: Policy | None = None, *checks: str) -> AuditFacts:
    """Return facts of an audit under ``policy`` that is to run ``checks``, each with the metric ``number``."""
    example = _report()
    asked = policy or samples.policy()
    return AuditFacts(
        model=example.model,
        data=example.data,
        policy=replace(example.policy, effective=asked.effective(), digest=asked.digest),
        identity=AuditIdentity(data="d", model="m1", asked="q", seed=0),
        environment={"audit": "0.1", "seed": 0, "date": "2026-06-15"},
        checks={name: f"The check {name}" for name in checks},
        metrics={f"{name}.number": MetricFacts(about="A number.", low=0.0) for name in checks},
    )
