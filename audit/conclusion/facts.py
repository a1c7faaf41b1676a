"""What an audit knows besides its measurements: the subject, the question, and the checks that are to run."""

from dataclasses import dataclass, field

from audit.audit_log.ledger import AuditIdentity
from audit.result import CheckResult, DataFacts, MetricFacts, ModelFacts, PolicyFacts, Scalar


@dataclass(frozen=True, kw_only=True)
class AuditFacts:
    """Facts of an audit once every row is scored, before any check runs.

    ``checks`` has the summary of each check that is to run, by name and in the report's order; ``metrics`` describes
    every metric that an enabled check offers. ``rule_lines`` are those of the policy's file. ``execution`` says where
    the model was computed; empty on the processor by the process that audits.
    """

    model: ModelFacts
    data: DataFacts
    policy: PolicyFacts
    identity: AuditIdentity
    environment: dict[str, Scalar]
    checks: dict[str, str]
    metrics: dict[str, MetricFacts]
    baseline: ModelFacts | None = None
    warnings: list[str] = field(default_factory=list)
    rule_lines: dict[str, int] = field(default_factory=dict)
    execution: dict[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Everything an audit measured, before it is decided: facts, results in the report's order, and times.

    ``started`` is the time as ISO 8601; ``seconds`` are those of loading and of each check.
    """

    facts: AuditFacts
    results: list[CheckResult]
    started: str
    seconds: dict[str, float]
