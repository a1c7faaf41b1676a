"""One pass over a batch: it is scored once, its variables are counted, and the policy's rules are measured.

Memory is that of `_PART_VALUES` scores at most, however many rows there are: checks run on parts of the batch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from audit.check import build_checks
from audit.check.entry_points import is_plug_in
from audit.check.isolation import process_state_restored
from audit.check.run import run_check
from audit.data.labels import Labels, Targets
from audit.data.readers.registry import open_source
from audit.data.row_hashes import HashKey
from audit.data.row_sample import KeyedRows
from audit.data.source import Source
from audit.errors import AuditError
from audit.model.model import Model
from audit.monitoring.columns import decided, feature_columns, memberships
from audit.monitoring.late_labels import LateLabels, key_column
from audit.monitoring.measured import BatchMeasurement, rule_measurements
from audit.monitoring.reference import Reference
from audit.monitoring.rows import RowReader, Rows, joined, taken
from audit.monitoring.variable import counts_by_group
from audit.policy.gate_spec import Rule
from audit.policy.model import ResolvedPolicy
from audit.provenance.digest import WatchedFiles
from audit.result import CheckResult, DataFacts, Measurement, ModelFacts, OutputFacts
from audit.subject.batches import FeatureBatch, feature_batches, prefetched
from audit.subject.class_order import ClassOrder
from audit.subject.class_probabilities import with_class_probabilities
from audit.subject.predictions import Classified, Classifier, Regressed, Regressor
from audit.subject.row_keys import RowKeys, background_keys
from audit.subject.scoring import Progress
from audit.subject.sources import AuditedModel, BoundModel, Sources, bind_model
from audit.subject.subject import Subject

_PART_VALUES = 200_000
_STREAMED = ("performance", "fairness")
"""Checks that read scores only; the others sample features, from the first part of a batch."""


@dataclass(frozen=True, kw_only=True)
class MonitoredModel:
    """A loaded model with the policy and the reference that it is monitored by."""

    policy: ResolvedPolicy
    path: Path
    model: Model
    reference: Reference


@dataclass(frozen=True, kw_only=True)
class BatchFiles:
    """A batch, and the labels that came later, if any; with their digests.

    ``labelled_keys`` are hashes of rows whose labels were counted before. ``is_new`` is whether the batch itself has
    not been counted.
    """

    data: Source
    labels: Source | None
    digest: str
    labels_digest: str
    is_new: bool = True
    labelled_keys: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint64))


def open_batch(policy: ResolvedPolicy, data: str, labels: str | None) -> BatchFiles:
    """Return the files of a batch with their digests; paths are relative to the current directory.

    Raises:
        AuditError: a file is missing or no table, or the labels have no label column.
    """
    source = open_source(data, None, policy.data.csv)
    late = open_source(labels, None, policy.data.csv) if labels else None
    if late:
        late.require([policy.data.label])
    return BatchFiles(
        data=source, labels=late, digest=source.digest(), labels_digest=late.digest() if late else ""
    )


def measure_batch(monitored: MonitoredModel, files: BatchFiles, progress: Progress) -> BatchMeasurement:
    """Score a batch and measure drift and rules on it.

    Raises:
        AuditError: the batch lacks a column or has no rows, a value or label cannot be read, or the model fails.
    """
    return _Pass(monitored, files).result(progress)


class _Pass:
    """One pass over the rows of a batch."""

    def __init__(self, monitored: MonitoredModel, files: BatchFiles) -> None:
        policy, reference = monitored.policy, monitored.reference
        self._files = files
        self._reference = reference
        self._bound = _bound(monitored, files.data)
        self._rules = _Rules.of(policy)
        self._reader = RowReader(
            spec=policy.data,
            reference=reference,
            has_labels=files.labels is None and policy.data.label in files.data.schema.names,
            late=_late(policy, files),
        )
        self._counts = [np.zeros((1 + len(reference.groups), v.bins), np.int64) for v in reference.variables]
        self._rows: list[Rows] = []
        self._raw: list[np.ndarray] = []
        self._first = 0
        self._parts: list[list[Measurement]] = []
        self._reasons: dict[str, str] = {}
        self._keys: list[np.ndarray] = []
        self._labelled = 0
        self.done = 0

    def result(self, progress: Progress) -> BatchMeasurement:
        files = self._files
        missing = self._bound.policy.data.missing
        batches = feature_batches(self._bound.feeds, files.data, missing, HashKey(0), self._reader.columns)
        watched = WatchedFiles([*files.data.files, *(files.labels.files if files.labels else [])])
        for batch in prefetched(batches):
            if batch.stored.num_rows:
                self._add(batch)
                progress("scoring", self.done, self.done)
        if not self.done:
            raise AuditError(where=files.data.path, expected="at least one row", found="no rows")
        self._flush()
        watched.require_unchanged()
        return BatchMeasurement(
            digest=files.digest,
            labels_digest=files.labels_digest,
            rows=self.done,
            labelled=self._labelled,
            counts=[table.tolist() for table in self._counts] if files.is_new else [],
            rules=list(rule_measurements(self._rules.monitored, self._parts)),
            keys=self._labelled_keys(),
            reasons=self._reasons | self._rules.reasons,
            notes=list(self._notes()),
        )

    def _add(self, batch: FeatureBatch) -> None:
        with self._files.data.locating():
            raw = self._bound.model(batch.tensors(self._bound.feeds), self.done + 1)
            rows = self._reader.read(batch.stored, self.done + 1)
        if self._files.is_new:
            self._count(batch, raw, rows)
        self._raw.append(raw)
        self._rows.append(rows)
        self.done += len(raw)
        if sum(part.size for part in self._raw) >= _PART_VALUES:
            self._flush()

    def _count(self, batch: FeatureBatch, raw: np.ndarray, rows: Rows) -> None:
        """Count the variables of a batch; of a cluster, whose rows depend on each other, one row."""
        chosen = (
            np.arange(len(raw)) if rows.clusters is None else np.unique(rows.clusters, return_index=True)[1]
        )
        score, classes = self._reference.decision_rule.decide(raw)
        columns = feature_columns(self._bound.feeds, batch)
        no_null = np.zeros(len(raw), bool)
        columns["score"] = (score, no_null)
        columns["decision"] = (decided(classes, self._reference.classes), no_null)
        members = [of_group[chosen] for of_group in memberships(rows.attributes, self._reference.groups)]
        for variable, total in zip(self._reference.variables, self._counts, strict=True):
            numbers = variable.bin_numbers(*columns[variable.name])[chosen]
            total += counts_by_group(numbers, variable.bins, members)

    def _flush(self) -> None:
        """Measure the rules on the rows since the last part."""
        if not self._rows:
            return
        rows, raw = joined(self._rows), np.concatenate(self._raw)
        file_rows = np.arange(self._first, self._first + len(raw))
        self._rows, self._raw, self._first = [], [], self._first + len(raw)
        labelled = rows.labelled
        if rows.keys is not None:
            labelled &= ~np.isin(rows.keys, self._files.labelled_keys)
            self._keys.append(rows.keys[labelled])
        self._labelled += int(labelled.sum())
        free = self._rules.label_free if self._files.is_new else []
        if labelled.all():
            self._measure([*free, *self._rules.labelled], rows, raw, file_rows)
            return
        self._measure(free, rows, raw, file_rows)
        if labelled.any():
            self._measure(self._rules.labelled, taken(rows, labelled), raw[labelled], file_rows[labelled])

    def _measure(self, rules: Sequence[Rule], rows: Rows, raw: np.ndarray, file_rows: np.ndarray) -> None:
        """Run the checks of some rules on rows, and keep what these rules cover."""
        names = {rule.metric.partition(".")[0] for rule in rules}
        is_first = file_rows[0] == 0 or not self._parts
        subject = None
        measurements: list[Measurement] = []
        metrics = {rule.metric for rule in rules}
        for name, check in build_checks(self._bound.policy).items():
            if name not in names or (name not in _STREAMED and not is_first):
                continue
            subject = subject or _subject(
                self._bound, self._reference, self._files.data, rows, raw, file_rows
            )
            with process_state_restored(is_plug_in(name)):
                result = run_check(
                    name, check, subject, self._bound.policy.gate.confidence, lambda *_: None
                ).result
            self._note_reason(result, rules)
            measurements += [m for m in result.measurements if m.metric in metrics]
        self._parts.append(measurements)

    def _note_reason(self, result: CheckResult, rules: Sequence[Rule]) -> None:
        if result.status == "measured":
            return
        for rule in rules:
            if rule.metric.partition(".")[0] == result.name:
                self._reasons[str(rule.id)] = f"the check {result.name} {result.status}: {result.reason}"

    def _labelled_keys(self) -> bytes:
        keys = np.concatenate(self._keys) if self._keys else np.empty(0, np.uint64)
        if len(np.unique(keys)) < len(keys):
            raise AuditError(
                where=self._files.data.path,
                expected="each key once",
                found="a key in several rows",
                fix="give every row a key of its own, or name another column under monitoring.key",
            )
        return np.sort(keys).astype("<u8").tobytes()

    def _notes(self) -> Iterator[str]:
        for attribute, groups in self._reader.new_groups.items():
            yield (
                f"{attribute} has groups that the reference lacks: {', '.join(sorted(groups))}. Their rows count among "
                "all rows only"
            )


@dataclass(frozen=True, kw_only=True)
class _Rules:
    """The policy's rules by what they need; ``reasons`` say of the others why they are not monitored."""

    label_free: list[Rule]
    labelled: list[Rule]
    reasons: dict[str, str]

    @property
    def monitored(self) -> list[Rule]:
        return [*self.label_free, *self.labelled]

    @classmethod
    def of(cls, policy: ResolvedPolicy) -> "_Rules":
        free = {f"{name}.{m}" for name, check in build_checks(policy).items() for m in check.label_free}
        rules = [rule for rule in policy.rules if rule.is_absolute]
        reasons = {
            str(rule.id): "it compares with a baseline, which is not monitored"
            for rule in policy.rules
            if not rule.is_absolute
        }
        return cls(
            label_free=[rule for rule in rules if rule.metric in free],
            labelled=[rule for rule in rules if rule.metric not in free],
            reasons=reasons,
        )


def _late(policy: ResolvedPolicy, files: BatchFiles) -> LateLabels | None:
    if files.labels is None:
        return None
    key = key_column(policy, files.data.schema.names, files.labels.schema.names)
    return LateLabels(files.labels, key, policy.data.label)


def _bound(monitored: MonitoredModel, source: Source) -> BoundModel:
    """Return the model bound to the batch's columns as it was to the reference's."""
    policy, reference = monitored.policy, monitored.reference
    spec = policy.model.model_copy(update={"inputs": {**reference.inputs, **policy.model.inputs}})
    policy = policy.model_copy(update={"model": spec})
    audited = AuditedModel(policy=policy, path=monitored.path, model=monitored.model)
    bound = bind_model(audited, Sources(source, source))
    bound = with_class_probabilities(bound, source, _targets(policy, reference, np.zeros(0, np.int32)))
    if bound.model.width != reference.head.width:
        raise AuditError(
            where=f"model.output: {bound.model.output!r}",
            expected=f"{reference.head.width} columns, as of the reference",
            found=f"{bound.model.width}",
        )
    return bound


def _targets(policy: ResolvedPolicy, reference: Reference, labels: np.ndarray) -> Labels | Targets:
    if not reference.classes:
        return Targets(labels.astype(np.float64), reference.at_least, np.dtype(np.float64))
    spelling = policy.data.values.get(policy.data.label)
    return Labels(list(reference.classes), labels.astype(np.int32), list(reference.favorable), spelling)


def _scores(
    policy: ResolvedPolicy, reference: Reference, rows: Rows, raw: np.ndarray
) -> tuple[Classified | Regressed, Classifier | Regressor]:
    """Return the scores of rows; where a label is unknown it is the first class, and nothing that needs it is used."""
    labels = rows.labels
    labels = np.nan_to_num(labels) if labels.dtype.kind == "f" else np.maximum(labels, 0)
    targets = _targets(policy, reference, labels)
    collector: Classifier | Regressor
    if isinstance(targets, Targets):
        collector = Regressor(targets, reference.head)
    else:
        order = ClassOrder(list(reference.classes), "the reference")
        collector = Classifier(targets, reference.head, order, reference.threshold)
    collector.add(raw)
    return collector.result(), collector


def _subject(
    bound: BoundModel,
    reference: Reference,
    source: Source,
    rows: Rows,
    raw: np.ndarray,
    file_rows: np.ndarray,
) -> Subject:
    policy = bound.policy
    scores, collector = _scores(policy, reference, rows, raw)
    path = policy.data.background or policy.data.path
    keys = KeyedRows(np.random.default_rng(0).permutation(len(raw)).astype(np.uint64), file_rows)
    background: Source = source
    if not set(_STREAMED).issuperset(rule.metric.partition(".")[0] for rule in policy.rules):
        background = open_source(path, policy.folder, policy.data.csv)
    weights = rows.weights
    return Subject(
        **vars(bound),
        seed=0,
        keys=RowKeys(keys, lambda: background_keys(bound.feeds, background, policy.data.missing, HashKey(0))),
        files=WatchedFiles(source.files),
        source=source,
        rows=len(raw),
        background=background,
        scores=scores,
        decision_rule=collector.decision_rule,
        attributes=rows.attributes,
        weights=None if weights is None or not weights.any() else weights / weights.max(),
        clusters=None
        if rows.clusters is None
        else np.unique(rows.clusters, return_inverse=True)[1].astype(np.int32),
        model_facts=_model_facts(bound, reference),
        data_facts=_data_facts(bound, source, len(raw)),
    )


def _model_facts(bound: BoundModel, reference: Reference) -> ModelFacts:
    """Return the facts that a check may read; the digest stands in the store."""
    return ModelFacts(
        path=str(bound.path),
        digest="",
        signature=bound.model.signature.name,
        inputs=bound.model.inputs,
        output=OutputFacts(
            name=bound.model.output,
            kind=reference.head.kind,
            classes=list(reference.classes),
            evidence=reference.head.evidence,
        ),
        differentiable=False,
        columns={feed.name: feed.columns for feed in bound.feeds},
    )


def _data_facts(bound: BoundModel, source: Source, rows: int) -> DataFacts:
    return DataFacts(
        path=source.path,
        digest="",
        rows=rows,
        distinct_rows=rows,
        label=bound.policy.data.label,
        favorable=[],
        groups=[],
    )
