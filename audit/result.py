"""What an audit found: measurements, rules and the report that holds them.

Plain frozen dataclasses of the standard library, so that deciding and rendering need no framework.
The field names are those of ``report.json``; `docs/report-format.md` describes them for readers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Scalar = bool | int | float | str
Verdict = Literal["pass", "fail", "inconclusive"]
RuleStatus = Literal["pass", "fail", "inconclusive", "waived"]
CheckStatus = Literal["measured", "skipped", "crashed"]

GROUP_KEYS = frozenset({"attribute", "group", "unprivileged", "privileged"})
"""Keys of ``where`` that speak of groups: a rule covers a group only when it names one of them."""


Better = Literal["higher", "lower", "ideal"]
"""Which values of a metric are better: higher ones, lower ones, or those nearer to its ideal value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What the baseline model measured on the same rows, and how much better the candidate is.

    ``method``, ``counts`` and ``se`` are those of the baseline's own value. ``discordant`` has for each proportion in
    ``counts`` the rows that are an event of the candidate only, of the baseline only, and all; it is empty where the
    two models' proportions are not of the same rows. ``correlation`` is that of both estimates' errors, in [-1, 1];
    None where it is not known, and then the widest interval is taken. ``identical`` says that both models are the same
    bytes, read alike: then the improvement is 0 by nature. ``improvement`` is the difference in the metric's own
    direction (``better``, and ``ideal`` where nearer to it is better): above 0 the candidate is better;
    ``improvement_ci`` is its paired interval at the run's confidence.
    """

    value: float
    method: str
    better: Better
    ideal: float | None = None
    ci: tuple[float, float] | None = None
    counts: dict[str, list[float]] = field(default_factory=dict)
    se: float | None = None
    discordant: dict[str, list[float]] = field(default_factory=dict)
    correlation: float | None = None
    identical: bool = False
    improvement: float = float("nan")
    improvement_ci: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One number, and what its uncertainty was computed from.

    ``n`` counts the rows in the metric's denominator and ``smallest_n`` those of the smallest
    denominator that it compares (equal to ``n`` where there is only one). ``method`` names an entry
    of `audit.stats.METHODS`; with ``counts`` or ``se`` it yields the interval at any confidence.
    ``ci`` is that interval at the run's confidence, or None where the metric has none. ``baseline`` is what
    the baseline model measured, None where the audit has none.
    """

    metric: str
    value: float
    n: int
    method: str
    where: dict[str, Scalar] = field(default_factory=dict)
    ci: tuple[float, float] | None = None
    smallest_n: int | None = None
    counts: dict[str, list[float]] = field(default_factory=dict)
    se: float | None = None
    baseline: Baseline | None = None

    @property
    def rows(self) -> int:
        """Rows in the smallest denominator: what ``gate.min_rows`` is compared with."""
        return self.n if self.smallest_n is None else self.smallest_n

    @property
    def speaks_of_groups(self) -> bool:
        """Whether this is a number about some group and not about the whole table."""
        return not GROUP_KEYS.isdisjoint(self.where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a picture or a list is made of: columns of equal length. No rule is decided on it.

    A cell is None where there is nothing to show. A column holds numbers or texts, not both.

    Raises:
        ValueError: the columns differ in length, or a cell is no plain value (numpy has floats that are none).
    """

    name: str
    about: str
    columns: dict[str, list[Scalar | None]]

    def __post_init__(self) -> None:
        lengths = {name: len(cells) for name, cells in self.columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"the table {self.name!r} has columns that differ in length: {lengths}")
        cells = (cell for column in self.columns.values() for cell in column)
        if foreign := {type(cell).__name__ for cell in cells if not isinstance(cell, Scalar | None)}:
            raise ValueError(f"the table {self.name!r} has cells of type {', '.join(sorted(foreign))}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence that a reader of the measurements has to know: a fall-back, a limit of the method."""

    text: str


Evidence = Measurement | Table | Note
"""What a check may yield."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFacts:
    """What a reader needs to know of a metric: how to read it, its range, its ideal value and which way is better.

    ``better`` None means that neither direction is: no rule can compare the metric with a baseline's.
    """

    about: str
    low: float | None = None
    high: float | None = None
    ideal: float | None = None
    better: Better | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one check measured, or why it did not; ``notes`` are to be read beside the measurements."""

    name: str
    status: CheckStatus
    reason: str | None = None
    summary: str = ""
    metrics: dict[str, MetricFacts] = field(default_factory=dict)
    measurements: list[Measurement] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


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
