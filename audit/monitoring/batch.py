"""One pass over a batch: it is scored once, its variables are counted, and the policy's rules are measured.

Memory is that of `_PART_VALUES` scores at most, however many rows there are: checks run on parts of the batch.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from audit.check import build_checks
from audit.check.entry_points import is_plug_in
from audit.check.isolation import process_state_restored
from audit.check.run import Crash, run_check
from audit.checks.explainability.row_attributions import row_attributions
from audit.data.readers.registry import open_source
from audit.data.source import Source
from audit.errors import AuditError
from audit.model.model import Model
from audit.monitoring.columns import Columns, GroupCounter, decided, feature_columns
from audit.monitoring.late_labels import LateLabels, key_column
from audit.monitoring.measured import BatchMeasurement, rule_measurements
from audit.monitoring.monitored_rules import MonitoredRules
from audit.monitoring.part_subject import STREAMED, known_targets, part_subject
from audit.monitoring.reference import Reference, explainability_options
from audit.monitoring.rows import BatchRows, RowReader, joined, taken
from audit.policy.gate_spec import Rule
from audit.policy.model import ResolvedPolicy
from audit.provenance.digest import WatchedFiles
from audit.result import CheckResult, Measurement
from audit.subject.batches import FeatureBatch, feature_batches, prefetched
from audit.subject.class_probabilities import with_class_probabilities
from audit.subject.scoring import Progress
from audit.subject.sources import AuditedModel, BoundModel, Sources, bind_model

_PART_VALUES = 200_000


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

    ``labelled_rows`` are the numbers, from 0, of rows whose labels were counted before. ``is_new`` is whether the batch
    itself has not been counted.
    """

    data: Source
    labels: Source | None
    digest: str
    labels_digest: str
    is_new: bool = True
    labelled_rows: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint64))


def open_batch(policy: ResolvedPolicy, data: str, labels: str | None) -> BatchFiles:
    """Return the files of a batch with their digests; paths are relative to the current directory.

    Raises:
        AuditError: a file is missing or no table, or the labels have no label column.
    """
    for option, path in (("--data", data), ("--labels", labels)):
        if path == "":
            raise AuditError(where=option, expected="the path of a table", found="an empty text")
    source = open_source(data, None, policy.data.csv)
    late = open_source(labels, None, policy.data.csv) if labels else None
    if late:
        late.require([policy.data.label])
        _require_unlabelled(source, policy.data.label)
    return BatchFiles(
        data=source, labels=late, digest=source.digest(), labels_digest=late.digest() if late else ""
    )


def _require_unlabelled(source: Source, label: str) -> None:
    if label not in source.schema.names:
        return
    nulls = source.count_nulls(label, numeric=True)
    if nulls < sum(batch.num_rows for batch in source.batches([label])):
        raise AuditError(
            where="--labels",
            expected="labels once: in the batch or in a file of their own",
            found=f"both: the batch has a column {label!r} with values",
            fix="run without --labels: a batch with labels of its own takes no later ones",
        )


def ignore_crash(*_: str) -> None:
    """Report a check's crash to nobody."""


def measure_batch(
    monitored: MonitoredModel, files: BatchFiles, progress: Progress, crash: Crash = ignore_crash
) -> BatchMeasurement:
    """Score a batch and measure drift and rules on it; ``crash`` is called with a check's traceback.

    Raises:
        AuditError: the batch lacks a column or has no rows, a value or label cannot be read, or the model fails.
    """
    return _Pass(monitored, files, crash).result(progress)


class _Pass:
    """One pass over the rows of a batch."""

    def __init__(self, monitored: MonitoredModel, files: BatchFiles, crash: Crash) -> None:
        policy, reference = monitored.policy, monitored.reference
        self._crash = crash
        self._sources = Sources(files.data, _background(policy) or files.data)
        self._files = files
        self._reference = reference
        self._bound = _bound(monitored, files.data)
        self._rules = MonitoredRules.of(policy)
        self._are_whole = policy.data.weight is None and policy.data.cluster is None
        self._reader = RowReader(
            spec=policy.data,
            reference=reference,
            has_labels=files.labels is None and policy.data.label in files.data.schema.names,
            late=_late(policy, files),
        )
        self._counts = [np.zeros((1 + len(reference.groups), v.bins), np.int64) for v in reference.variables]
        self._rows: list[BatchRows] = []
        self._raw: list[np.ndarray] = []
        self._first = 0
        self._parts: list[list[Measurement]] = []
        self._clusters = np.empty(0, np.uint64)
        self._sampled: set[str] = set()
        self._crashed: set[str] = set()
        self._reasons: dict[str, str] = {}
        self._keys: list[np.ndarray] = []
        self._labelled_rows: list[np.ndarray] = []
        self._matched = 0
        self._labelled = 0
        self._pending: Future[None] = Future()
        self._pending.set_result(None)
        self.done = 0

    def result(self, progress: Progress) -> BatchMeasurement:
        """Read the batch and return what was measured."""
        files = self._files
        missing = self._bound.policy.data.missing
        batches = feature_batches(self._bound.feeds, files.data, missing, None, self._reader.columns)
        watched = WatchedFiles([*files.data.files, *(files.labels.files if files.labels else [])])
        with ThreadPoolExecutor(1) as pool:  # counts one batch while the next is scored
            for batch in prefetched(batches):
                if batch.stored.num_rows:
                    self._add(batch, pool)
                    progress("scoring", self.done, self.done)
            self._pending.result()
        if not self.done:
            raise AuditError(
                where=files.data.path, expected="at least one row", found="no rows after the header"
            )
        self._flush()
        if files.labels and not self._matched:
            raise _no_label_joined(files, self._reader)
        watched.require_unchanged()
        return BatchMeasurement(
            digest=files.digest,
            labels_digest=files.labels_digest,
            is_new=files.is_new,
            rows=self.done if files.is_new else 0,
            labelled=self._labelled,
            counts=[table.tolist() for table in self._counts] if files.is_new else [],
            rules=list(rule_measurements(self._rules.monitored, self._parts, self._are_whole)),
            labelled_rows=self._counted_rows(),
            reasons=self._reasons,
            crashed=frozenset(self._crashed),
            notes=[*self._reference.notes, *self._rules.notes],
        )

    def _add(self, batch: FeatureBatch, pool: ThreadPoolExecutor) -> None:
        with self._files.data.locating():
            raw = self._bound.model(batch.tensors(self._bound.feeds), self.done + 1)
            rows = self._reader.read(batch.stored, self.done + 1)
        if self._files.is_new:
            self._pending.result()
            self._pending = pool.submit(self._count, batch, raw, rows)
        self._raw.append(raw)
        self._rows.append(rows)
        self.done += len(raw)
        if sum(part.size for part in self._raw) >= _PART_VALUES:
            self._flush()

    def _count(self, batch: FeatureBatch, raw: np.ndarray, rows: BatchRows) -> None:
        """Count the variables of a batch; of a cluster, whose rows depend on each other, one row."""
        first_of_cluster = np.arange(len(raw))
        if rows.clusters is not None:
            clusters, first = np.unique(rows.clusters, return_index=True)
            first_of_cluster = first[~np.isin(clusters, self._clusters)]
            self._clusters = np.union1d(self._clusters, clusters)
        score, classes = self._reference.decision_rule.decide(raw)
        no_null = np.zeros(len(raw), bool)
        outputs: Columns = {
            "score": (score, no_null),
            "decision": (decided(classes, self._reference.classes), no_null),
        }
        columns = feature_columns(self._bound.feeds, batch)
        counter = GroupCounter(rows.attributes, self._reference.groups).take(first_of_cluster)
        for variable, total in zip(self._reference.variables, self._counts, strict=True):
            if variable.kind != "attribution":
                values, null = outputs.get(variable.kind) or columns[variable.name]
                numbers = variable.bin_numbers(values, null)[first_of_cluster]
                total += counter.count(numbers, variable.bins)

    def _flush(self) -> None:
        """Measure the rules on the rows since the last part."""
        if not self._rows:
            return
        rows, raw = joined(self._rows), np.concatenate(self._raw)
        file_rows = np.arange(self._first, self._first + len(raw))
        self._rows, self._raw, self._first = [], [], self._first + len(raw)
        if self._files.is_new and file_rows[0] == 0:
            self._count_attributions(rows, raw, file_rows)
        labelled = rows.labelled
        self._matched += int(labelled.sum())
        if rows.keys is not None:
            self._keys.append(rows.keys[labelled])
            labelled &= ~np.isin(file_rows, self._files.labelled_rows)
            self._labelled_rows.append(file_rows[labelled])
        self._labelled += int(labelled.sum())
        free = self._rules.label_free if self._files.is_new else []
        if labelled.all():
            self._measure([*free, *self._rules.labelled], rows, raw, file_rows)
            return
        self._measure(free, rows, raw, file_rows)
        if labelled.any():
            self._measure(self._rules.labelled, taken(rows, labelled), raw[labelled], file_rows[labelled])

    def _count_attributions(self, rows: BatchRows, raw: np.ndarray, file_rows: np.ndarray) -> None:
        """Count the SHAP values of rows drawn from the first part, where the policy asks for it."""
        places = [i for i, variable in enumerate(self._reference.variables) if variable.kind == "attribution"]
        if not places:
            return
        subject = part_subject(self._bound, self._reference, self._sources, rows, raw, file_rows)
        attributions = row_attributions(subject, explainability_options(self._bound.policy))
        counter = GroupCounter(rows.attributes, self._reference.groups).take(attributions.rows)
        for place in places:
            variable = self._reference.variables[place]
            values = attributions.values[:, attributions.features.index(variable.name)]
            numbers = variable.bin_numbers(values, np.zeros(len(values), bool))
            self._counts[place] += counter.count(numbers, variable.bins)

    def _measure(
        self, rules: Sequence[Rule], rows: BatchRows, raw: np.ndarray, file_rows: np.ndarray
    ) -> None:
        """Run the checks of some rules on rows; those that sample features run on the first rows only."""
        rules = [rule for rule in rules if _check(rule) in STREAMED or rule.id not in self._sampled]
        self._sampled |= {str(rule.id) for rule in rules}
        names = set(map(_check, rules))
        metrics = {rule.metric for rule in rules}
        if not names:
            return
        subject = part_subject(self._bound, self._reference, self._sources, rows, raw, file_rows)
        measurements: list[Measurement] = []
        for name, check in build_checks(self._bound.policy).items():
            if name not in names:
                continue
            with process_state_restored(is_plug_in(name)):
                confidence = self._bound.policy.gate.confidence
                result = run_check(name, check, subject, confidence, self._crash).result
            self._note_reason(result, rules)
            measurements += [one for one in result.measurements if one.metric in metrics]
        self._parts.append(measurements)

    def _note_reason(self, result: CheckResult, rules: Sequence[Rule]) -> None:
        if result.status == "measured":
            return
        for rule in rules:
            if _check(rule) == result.name:
                self._reasons[str(rule.id)] = f"the check {result.name} {result.status}: {result.reason}"
                if result.status == "crashed":
                    self._crashed.add(str(rule.id))

    def _counted_rows(self) -> bytes:
        """Return the numbers of the rows whose late labels are counted now; a key must not be that of two of them."""
        keys = np.concatenate([np.empty(0, np.uint64), *self._keys])
        if len(np.unique(keys)) < len(keys):
            raise AuditError(
                where=self._files.data.path,
                expected="each key once",
                found="a key in several rows",
                fix="give every row a key of its own, or name another column under monitoring.key",
            )
        return np.concatenate([np.empty(0, np.uint64), *self._labelled_rows]).astype("<u8").tobytes()


def _check(rule: Rule) -> str:
    return rule.metric.partition(".")[0]


def _background(policy: ResolvedPolicy) -> Source | None:
    """Return the background if a check samples it, None otherwise."""
    samples = not STREAMED.issuperset(map(_check, policy.rules))
    if not (samples or policy.monitoring.drift.attributions):
        return None
    return open_source(policy.data.background or policy.data.path, policy.folder, policy.data.csv)


def _no_label_joined(files: BatchFiles, reader: RowReader) -> AuditError:
    return AuditError(
        where="--labels",
        expected=f"labels of rows of {files.data.path}, joined by {reader.late.key if reader.late else ''!r}",
        found="no key that both files have",
        fix="name the labels of this batch, or another column under monitoring.key",
    )


def _late(policy: ResolvedPolicy, files: BatchFiles) -> LateLabels | None:
    if files.labels is None:
        return None
    key = key_column(policy, files.data.schema.names, files.labels.schema.names)
    return LateLabels(files.labels, key, policy.data.label)


def _bound(monitored: MonitoredModel, source: Source) -> BoundModel:
    """Return the model bound to the batch's columns as it was to the reference's."""
    policy, reference = monitored.policy, monitored.reference
    inputs = {name: reference.inputs[name] for name in monitored.model.fed if name in reference.inputs}
    spec = policy.model.model_copy(update={"inputs": {**policy.model.inputs, **inputs}})
    policy = policy.model_copy(update={"model": spec})
    audited = AuditedModel(policy=policy, path=monitored.path, model=monitored.model)
    bound = bind_model(audited, Sources(source, source))
    bound = with_class_probabilities(bound, source, known_targets(policy, reference, np.zeros(0, np.int32)))
    if bound.model.width != reference.head.width:
        raise AuditError(
            where=f"model.output: {bound.model.output!r}",
            expected=f"{reference.head.width} columns, as of the reference",
            found=f"{bound.model.width}",
        )
    return bound
