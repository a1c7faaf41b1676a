"""A whole audit: which model, rows and policy, what was measured, and how each rule was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from audit.result.evidence import CheckResult
from audit.result.measurement import Measurement, Scalar

Verdict = Literal["pass", "fail", "inconclusive"]


RuleStatus = Literal["pass", "fail", "inconclusive", "waived"]


AUDITS, MAX_AUDITS = "gate.audits", "gate.max_audits"
"""The number of different audits of the same rows, as a metric, and the id of the rule that bounds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """How one rule was decided.

    ``would_be`` is the status without the waiver and ``waiver`` the one that was applied; both are
    None unless the rule is waived. ``measurements`` are those that the rule was decided on,
    ``not_decided`` those that the policy leaves out for having fewer rows than ``min_rows``. ``needs`` says of an
    inconclusive rule what would decide it, such as how many more rows of which group.
    """

    id: str
    metric: str
    where: dict[str, Scalar]
    limit: dict[str, float]
    status: RuleStatus
    reason: str
    would_be: RuleStatus | None = None
    waiver: dict[str, Scalar | list[str]] | None = None
    measurements: list[Measurement] = field(default_factory=list)
    not_decided: list[Measurement] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The verdict over all rules, with each rule's own outcome."""

    verdict: Verdict
    rules: list[RuleResult]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorFacts:
    """A tensor of the model's signature; ``shape`` has None for a free dimension."""

    name: str
    dtype: str
    shape: list[int | None] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFacts:
    """The output head as detected, with the evidence in words; ``classes_from`` says what tells the classes' order."""

    name: str
    kind: Literal["probabilities", "sigmoid", "logits", "regression"]
    classes: list[Scalar]
    evidence: str
    classes_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """Which model was audited; ``columns`` says which data columns feed each input.

    ``allowed_operations`` reach beyond the model (files, network, Python) and ran because the policy allows them.
    """

    path: str
    digest: str
    signature: str
    inputs: list[TensorFacts]
    output: OutputFacts
    differentiable: bool
    columns: dict[str, list[str]]
    allowed_operations: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFacts:
    """The groups of one protected attribute, in order, with their rows."""

    attribute: str
    privileged: list[str]
    rows: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundFacts:
    """Which rows served as references."""

    path: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFacts:
    """Which rows were audited. ``distinct_rows`` compares the columns that the audit reads.

    ``background`` is None where the references are of the audited rows. ``favorable_from`` says who chose the
    favourable outcome.
    """

    path: str
    digest: str
    rows: int
    distinct_rows: int
    label: str
    favorable: list[Scalar] | dict[str, float]
    groups: list[GroupFacts]
    background: BackgroundFacts | None = None
    favorable_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFacts:
    """The effective policy, overrides included, and the command that repeats the audit."""

    path: str | None
    digest: str
    effective: dict[str, object]
    default_rules: bool
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole audit. Equal inputs give equal reports, except for ``run``.

    ``baseline`` is the model that was compared with, if any. ``warnings`` are of the policy: rules that no value can
    break, that cover nothing, or that these rows can never decide.
    """

    verdict: Verdict
    reason: str
    model: ModelFacts
    data: DataFacts
    policy: PolicyFacts
    rules: list[RuleResult]
    checks: list[CheckResult]
    environment: dict[str, Scalar]
    run: Mapping[str, object]
    baseline: ModelFacts | None = None
    warnings: list[str] = field(default_factory=list)
    schema_version: Literal[1] = 1

    @property
    def repeated_rows(self) -> int:
        """How many rows repeat another one, in the columns that the audit reads."""
        return max(0, self.data.rows - self.data.distinct_rows)

    @property
    def narrowing_rows(self) -> int:
        """The repeated rows where they narrow intervals: more than 1 % of all, and no ``cluster`` accounts for them."""
        data = self.policy.effective.get("data")
        cluster = data.get("cluster") if isinstance(data, Mapping) else None
        return self.repeated_rows if cluster is None and self.repeated_rows > 0.01 * self.data.rows else 0
