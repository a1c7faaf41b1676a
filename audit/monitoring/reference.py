"""The reference that batches are compared with: bins and counts of every variable, groups, classes, decision rule.

It is measured once, when a model is first monitored, and stored: later batches need neither background nor test data.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from audit.check import build_checks
from audit.checks.explainability import Explainability
from audit.checks.explainability.row_attributions import row_attributions
from audit.data.readers.registry import open_source
from audit.inputs.feeds import Feed
from audit.model.decision import DecisionRule
from audit.model.head import Head
from audit.monitoring.reference_counts import choose_variables, count_reference
from audit.monitoring.variable import Variable
from audit.policy.model import ResolvedPolicy
from audit.result import Scalar
from audit.subject.loading import load_subject
from audit.subject.predictions import Classified
from audit.subject.scoring import Progress

MIN_GROUP_ROWS = 100
"""Reference rows of a group from which its drift is monitored: of fewer, hardly any shift could be shown."""


@dataclass(frozen=True, kw_only=True)
class ReferenceGroups:
    """A protected attribute or intersection: the groups that the reference has, and which are privileged."""

    attribute: str
    values: list[str]
    privileged: list[str]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What monitoring knows of the audited model and its reference rows.

    ``counts`` has for each variable the rows in each bin: of all rows, then of each of ``groups``, which are pairs of
    attribute and value. ``classes`` are the label values in the order of the model's outputs, none for a regression.
    ``inputs`` are the columns of each input: a batch may have more columns, or another order.
    """

    path: str
    digest: str
    rows: int
    head: Head
    favorable: list[int]
    threshold: float
    at_least: float | None
    classes: list[Scalar]
    inputs: dict[str, list[str]]
    attributes: list[ReferenceGroups]
    groups: list[tuple[str, str]]
    variables: list[Variable]
    counts: list[list[list[int]]]
    notes: list[str] = field(default_factory=list)

    @property
    def decision_rule(self) -> DecisionRule:
        """How raw outputs become decisions."""
        return DecisionRule(self.head, self.favorable, self.threshold, self.at_least)


def measure_reference(policy: ResolvedPolicy, progress: Progress) -> Reference:
    """Score and count the reference rows: the background if it has labels and groups, else the audited data.

    Raises:
        AuditError: model or data cannot be audited under this policy.
    """
    rows_policy, notes = _with_reference_rows(policy)
    subject = load_subject(rows_policy, progress)
    attributions = None
    if policy.monitoring.drift.attributions:
        attributions = row_attributions(subject, explainability_options(policy))
    variables = choose_variables(subject, policy.monitoring.drift, attributions)
    groups = [
        (attribute.name, group)
        for attribute in subject.attributes
        for group, rows in attribute.rows.items()
        if rows >= MIN_GROUP_ROWS
    ]
    counts = count_reference(subject, variables, groups, attributions)
    rule = subject.decision_rule
    return Reference(
        path=subject.source.path,
        digest=subject.data_facts.digest,
        rows=subject.rows,
        head=rule.head,
        favorable=rule.favorable,
        threshold=rule.threshold,
        at_least=rule.at_least,
        classes=subject.scores.classes if isinstance(subject.scores, Classified) else [],
        inputs={feed.name: list(feed.reads) for feed in subject.feeds},
        attributes=[
            ReferenceGroups(
                attribute=attribute.name,
                values=attribute.groups,
                privileged=[attribute.groups[index] for index in attribute.privileged],
            )
            for attribute in subject.attributes
        ],
        groups=groups,
        variables=variables,
        counts=[table.tolist() for table in counts],
        notes=[*notes, *(_unmonitored(subject.feeds, variables) if policy.monitoring.drift.features else [])],
    )


def explainability_options(policy: ResolvedPolicy) -> Explainability:
    """Return the options by which attributions are computed: the policy's, or the default ones if it turns them off."""
    check = build_checks(policy).get("explainability")
    return check if isinstance(check, Explainability) else Explainability()


def _with_reference_rows(policy: ResolvedPolicy) -> tuple[ResolvedPolicy, list[str]]:
    """Return the policy with the reference as its data, and a note if that is not the background."""
    background = policy.data.background
    if background is None:
        return policy, []
    base = policy.folder
    schema = open_source(background, base, policy.data.csv).schema
    protected = policy.data.protected.items()
    columns = [c for name, spec in protected for c in (spec.columns.values() if spec.columns else [name])]
    needed = [policy.data.label, *columns, *filter(None, [policy.data.weight, policy.data.cluster])]
    lacking = [column for column in needed if column not in schema.names]
    if lacking:
        return policy, [
            f"the background has no column {lacking[0]!r}: batches are compared with the audited data"
        ]
    data = policy.data.model_copy(update={"path": background})
    changed = policy.model_copy(update={"data": data})
    return changed, []


def _unmonitored(feeds: Sequence[Feed], variables: Sequence[Variable]) -> list[str]:
    names = {variable.name for variable in variables if variable.kind == "feature"}
    lacking = [name for feed in feeds for name in feed.columns if name not in names]
    return [f"drift of {name!r} is not measured: it holds images" for name in dict.fromkeys(lacking)]
