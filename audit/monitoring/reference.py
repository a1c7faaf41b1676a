"""The reference that batches are compared with: bins and counts of every variable, groups, classes, decision rule.

It is measured once, when a model is first monitored, and stored: later batches need neither background nor test data.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from audit.data.arrow_columns import Codes
from audit.data.readers.registry import open_source
from audit.data.row_hashes import HashKey
from audit.inputs.feeds import Feed
from audit.model.decision import DecisionRule
from audit.model.head import Head
from audit.monitoring.columns import Columns, decided, feature_columns, memberships
from audit.monitoring.variable import (
    Variable,
    category_variable,
    counts_by_group,
    number_variable,
)
from audit.policy.model import ResolvedPolicy
from audit.result import Scalar
from audit.subject.batches import FeatureBatch, feature_batches
from audit.subject.loading import load_subject
from audit.subject.predictions import Classified
from audit.subject.scoring import Progress
from audit.subject.subject import Subject

_BINNED_ROWS = 100_000
"""Rows, drawn at random, that the bins are chosen by; all rows are counted."""

MIN_GROUP_ROWS = 100
"""Reference rows of a group from which its drift is monitored: of fewer, hardly any shift could be shown."""


@dataclass(frozen=True, kw_only=True)
class Groups:
    """A protected attribute or intersection: the groups that the reference has, and which are privileged."""

    attribute: str
    values: list[str]
    privileged: list[str]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What monitoring knows of the audited model and its reference rows.

    ``counts`` has for each variable the rows in each bin: of all rows, then of each of ``groups``, which are pairs of
    attribute and value. ``classes`` are the label values in the order of the model's outputs, none for a regression.
    ``inputs`` are the columns of each input that reads several: a batch may have more columns, or another order.
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
    attributes: list[Groups]
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
    sample = subject.keys.data.sample(_BINNED_ROWS)
    batches = list(_batches(subject, sample.file_rows))
    drift = policy.monitoring.drift
    variables = [
        *(_features(batches) if drift.features else ()),
        *(_outputs(subject) if drift.scores else ()),
    ]
    groups = [
        (attribute.name, group)
        for attribute in subject.attributes
        for group, rows in attribute.rows.items()
        if rows >= MIN_GROUP_ROWS
    ]
    counts = _counted(subject, variables, groups)
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
        inputs={feed.name: list(feed.reads) for feed in subject.feeds if len(feed.reads) > 1},
        attributes=[
            Groups(
                attribute=attribute.name,
                values=attribute.groups,
                privileged=[attribute.groups[index] for index in attribute.privileged],
            )
            for attribute in subject.attributes
        ],
        groups=groups,
        variables=variables,
        counts=[table.tolist() for table in counts],
        notes=[*notes, *_unmonitored(subject.feeds, variables)],
    )


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


def _batches(subject: Subject, file_rows: np.ndarray) -> Iterator[Columns]:
    """Yield the features of some rows of the reference."""
    chosen = np.sort(file_rows)
    for start, batch in _streamed(subject):
        first, last = np.searchsorted(chosen, [start, start + len(batch.hashes)])
        rows = chosen[first:last] - start
        yield {
            name: (_take(values, rows), null[rows])
            for name, (values, null) in feature_columns(subject.feeds, batch).items()
        }


def _streamed(subject: Subject) -> Iterator[tuple[int, FeatureBatch]]:
    start = 0
    for batch in feature_batches(subject.feeds, subject.source, subject.policy.data.missing, HashKey(0)):
        yield start, batch
        start += len(batch.hashes)


def _take(values: np.ndarray | Codes, rows: np.ndarray) -> np.ndarray | Codes:
    return replace(values, codes=values.codes[rows]) if isinstance(values, Codes) else values[rows]


def _features(batches: Sequence[Columns]) -> Iterator[Variable]:
    for name in batches[0]:
        parts = [columns[name] for columns in batches]
        if isinstance(parts[0][0], Codes):
            yield category_variable("feature", name, _rows_by_category(parts))
        else:
            values = [np.where(null, np.nan, part) for part, null in parts]  # type: ignore[arg-type]
            yield number_variable("feature", name, np.concatenate(values))


def _rows_by_category(parts: Sequence[tuple[np.ndarray | Codes, np.ndarray]]) -> dict[str, int]:
    rows: dict[str, int] = {}
    for codes, null in parts:
        assert isinstance(codes, Codes)
        counts = np.bincount(codes.codes[~null], minlength=len(codes.vocabulary)).tolist()
        for text, number in zip(codes.vocabulary, counts, strict=True):
            if number:
                rows[text] = rows.get(text, 0) + number
    return rows


def _outputs(subject: Subject) -> Iterator[Variable]:
    """Yield the variables of scores and, where there are decisions, of these."""
    score, decision = _scored(subject)
    yield number_variable("score", "score", score)
    if decision is not None:
        rows = np.bincount(decision.codes, minlength=len(decision.vocabulary)).tolist()
        yield category_variable("decision", "decision", dict(zip(decision.vocabulary, rows, strict=True)))


def _scored(subject: Subject) -> tuple[np.ndarray, Codes | None]:
    scores = subject.scores
    if isinstance(scores, Classified):
        return scores.score, decided(scores.guess, scores.classes)
    if scores.predicted is None:
        return scores.prediction, None
    return scores.prediction, decided(scores.predicted.astype(np.int32), [])


def _counted(
    subject: Subject, variables: Sequence[Variable], groups: Sequence[tuple[str, str]]
) -> list[np.ndarray]:
    """Return the reference's counts of each variable."""
    membership = memberships(subject.attributes, groups)
    file_rows = subject.keys.data.file_rows
    totals = [np.zeros((1 + len(groups), variable.bins), np.int64) for variable in variables]
    for start, batch in _streamed(subject):
        rows = np.arange(start, start + len(batch.hashes))
        place = rows if file_rows is None else np.searchsorted(file_rows, rows)
        if file_rows is not None:
            counted = (place < len(file_rows)) & (file_rows[np.minimum(place, len(file_rows) - 1)] == rows)
            place, rows = place[counted], rows[counted]
        columns = feature_columns(subject.feeds, batch)
        members = [of_group[place] for of_group in membership]
        for variable, total in zip(variables, totals, strict=True):
            if variable.kind == "feature":
                values, null = columns[variable.name]
                numbers = variable.bin_numbers(_take(values, rows - start), null[rows - start])
                total += counts_by_group(numbers, variable.bins, members)
    score, decision = _scored(subject)
    outputs: Mapping[str, np.ndarray | Codes | None] = {"score": score, "decision": decision}
    for variable, total in zip(variables, totals, strict=True):
        if variable.kind != "feature" and (output := outputs[variable.kind]) is not None:
            numbers = variable.bin_numbers(output, np.zeros(subject.rows, bool))
            total += counts_by_group(numbers, variable.bins, membership)
    return totals


def _unmonitored(feeds: Sequence[Feed], variables: Sequence[Variable]) -> list[str]:
    names = {variable.name for variable in variables if variable.kind == "feature"}
    lacking = [name for feed in feeds for name in feed.columns if name not in names]
    return [f"drift of {name!r} is not measured: it holds images" for name in dict.fromkeys(lacking)]
