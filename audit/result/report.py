"""Report of an audit: model, rows, policy, measurements, and the decision on each rule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from audit.result.evidence import CheckResult
from audit.result.measurement import Measurement, Scalar

Verdict = Literal["pass", "fail", "inconclusive"]
RuleStatus = Literal["pass", "fail", "inconclusive", "waived"]

AUDITS = "gate.audits"
"""Name of the metric that counts the different audits of the same rows."""

MAX_AUDITS = "gate.max_audits"
"""Id of the rule that limits `AUDITS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """Decision on one rule of the policy: its status with the reason, and the measurements that it rests on.

    ``would_be`` is the status without the waiver and ``waiver`` the waiver that was applied; both are
    None unless the rule is waived. ``measurements`` are those that the rule was decided on,
    ``not_decided`` those left out because they have fewer rows than ``min_rows``. ``needs`` lists what would decide
    an inconclusive rule, such as how many more rows of which group.
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
    """The verdict of an audit with its reason, and the decision on each rule at a ``confidence`` in (0, 1)."""

    verdict: Verdict
    rules: list[RuleResult]
    reason: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorFacts:
    """Input tensor of the model's signature; unknown dimensions of ``shape`` are None."""

    name: str
    dtype: str
    shape: list[int | None] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFacts:
    """What the model's output was found to be, with the evidence; ``classes_from`` determines the order of classes."""

    name: str
    kind: Literal["probabilities", "sigmoid", "logits", "regression"]
    classes: list[Scalar]
    evidence: str
    classes_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryFacts:
    """Version of a registry that the address in ``ModelFacts.path`` named when the audit began.

    ``uri`` is the registry's address; ``version`` is ``models:/NAME/3``, None if a run or a logged model was named;
    ``run_id`` is the run that logged the model, if any, and ``source`` where MLflow says its files came from.
    """

    uri: str
    version: str | None
    run_id: str | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """Description of the audited model or the baseline; ``columns`` names the data columns of each input.

    ``allowed_operations`` are operations that ran although they reach beyond the model or keep state, because the
    policy names them, and ``batch_size`` if scores depend on that; ``imports`` are packages of custom operations.
    ``files`` has the SHA-256 in hex of each file by its path, of which ``digest`` is the digest; it is empty, and left
    out of the report, for a model of a single file.
    ``registry`` is what an address of a registry named; the digest is then that of the SavedModel or Keras file inside.
    """

    path: str
    digest: str
    signature: str
    inputs: list[TensorFacts]
    output: OutputFacts
    differentiable: bool
    columns: dict[str, list[str]]
    allowed_operations: list[str] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    registry: RegistryFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFacts:
    """Groups of one protected attribute with their numbers of rows, ordered by value or as the policy lists them."""

    attribute: str
    privileged: list[str]
    rows: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundFacts:
    """Path and digest of the reference rows of attribution and attacks."""

    path: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFacts:
    """Description of the audited rows; ``distinct_rows`` counts those distinct in the columns that the audit reads.

    ``background`` is None if the reference rows are audited rows. ``favorable_from`` is what determined the favourable
    outcome. ``rows`` are those that count: the file holds each of them ``copies`` times, and ``repeats_left_out`` more
    that ``data.copies: once`` leaves out. ``left_out`` are columns that are never features: an index without a name,
    and those of ``data.ignore``.
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
    left_out: list[str] = field(default_factory=list)
    copies: int = 1
    repeats_left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFacts:
    """Effective policy of an audit, including overrides, and the command that repeats the audit."""

    path: str | None
    digest: str
    effective: dict[str, object]
    default_rules: bool
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that an audit measured and decided. Equal inputs give equal reports, except for ``run``.

    ``baseline`` is the model compared with, if any. ``warnings`` are what a reader must know before trusting the
    verdict: of the policy (rules that no value can break, or that these rows can never decide), of data and model, and
    of checks. ``decision_version`` is that of the rules by which the verdict follows from the measurements.
    ``superseded`` is a sentence on the stored verdict if an older version decided it; a written report has none.
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
    decision_version: int = 1
    superseded: str = ""

    @property
    def about(self) -> dict[str, str]:
        """Name, owner, intended use and limitations of the model, as far as the policy gives them, by their keys."""
        about = self.policy.effective.get("about")
        return {str(key): str(value) for key, value in about.items()} if isinstance(about, Mapping) else {}

    @property
    def rule_lines(self) -> Mapping[str, int]:
        """Line of each rule in the policy file by the rule's id; empty without a file."""
        lines = self.run.get("rule_lines")
        return lines if isinstance(lines, Mapping) else {}

    @property
    def other_date(self) -> str:
        """Sentence on the date that waivers were judged by if it is not the day of the audit; else empty."""
        on = str(self.environment.get("date"))
        audit_day = str(self.run.get("started")).partition("T")[0]  # in UTC
        return (
            "" if on == audit_day else f"Waivers were judged as of {on}; the audit was made on {audit_day}."
        )
