"""One pass over a batch: it is scored once, its variables are counted, and the policy's rules are measured.

Memory is that of `_PART_VALUES` scores at most, however many rows there are: checks run on parts of the batch.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from audit.check.run import Crash
from audit.data.readers.registry import open_source
from audit.data.source import Source
from audit.errors import AuditError
from audit.model.model import Model
from audit.monitoring.batch_files import BatchFiles
from audit.monitoring.drift_counts import DriftCounts
from audit.monitoring.late_labels import LateLabels, key_column
from audit.monitoring.measured import BatchMeasurement, rule_measurements
from audit.monitoring.monitored_rules import MonitoredRules
from audit.monitoring.part_subject import STREAMED, BatchPart, known_targets, part_subject
from audit.monitoring.reference import Reference
from audit.monitoring.rows import BatchRows, RowReader, joined
from audit.monitoring.rule_parts import RuleParts
from audit.policy.model import ResolvedPolicy
from audit.provenance.digest import WatchedFiles
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
        sources = Sources(files.data, _background(policy) or files.data)
        self._subject_of = partial(part_subject, self._bound, reference, sources)
        self._counts = DriftCounts(self._bound, reference)
        self._parts = RuleParts(self._bound.policy, self._subject_of, crash)
        self._labels = _LabelledRows(files)
        self._rows: list[BatchRows] = []
        self._raw: list[np.ndarray] = []
        self._first = 0
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
        if files.labels and not self._labels.matched:
            raise _no_label_joined(files, self._reader)
        watched.require_unchanged()
        parts = self._parts
        return BatchMeasurement(
            digest=files.digest,
            labels_digest=files.labels_digest,
            is_new=files.is_new,
            rows=self.done if files.is_new else 0,
            labelled=self._labels.counted,
            counts=self._counts.tables() if files.is_new else [],
            rules=list(rule_measurements(self._rules.monitored, parts.measurements, self._are_whole)),
            labelled_rows=self._labels.numbers(),
            reasons=parts.reasons,
            crashed=frozenset(parts.crashed),
            notes=[*self._reference.notes, *self._rules.notes],
        )

    def _add(self, batch: FeatureBatch, pool: ThreadPoolExecutor) -> None:
        with self._files.data.locating():
            raw = self._bound.model(batch.tensors(self._bound.feeds), self.done + 1)
            rows = self._reader.read(batch.stored, self.done + 1)
        if self._files.is_new:
            self._pending.result()
            self._pending = pool.submit(self._counts.add, batch, raw, rows)
        self._raw.append(raw)
        self._rows.append(rows)
        self.done += len(raw)
        if sum(part.size for part in self._raw) >= _PART_VALUES:
            self._flush()

    def _flush(self) -> None:
        """Measure the rules on the rows since the last part."""
        if not self._rows:
            return
        raw = np.concatenate(self._raw)
        part = BatchPart(joined(self._rows), raw, np.arange(self._first, self._first + len(raw)))
        is_first = self._first == 0
        self._rows, self._raw, self._first = [], [], self._first + len(raw)
        if self._files.is_new and is_first and self._counts.has_attributions:
            self._counts.add_attributions(self._subject_of(part))
        labelled = self._labels.add(part)
        free = self._rules.label_free if self._files.is_new else []
        if labelled.all():
            self._parts.measure([*free, *self._rules.labelled], part)
            return
        self._parts.measure(free, part)
        if labelled.any():
            self._parts.measure(self._rules.labelled, part.where(labelled))


class _LabelledRows:
    """Rows with labels; of those with a key, the ones whose labels were not counted before.

    ``matched`` is the number of rows with a label, ``counted`` that of the rows whose labels are counted now.
    """

    def __init__(self, files: BatchFiles) -> None:
        self._files = files
        self._keys = [np.empty(0, np.uint64)]
        self._numbers = [np.empty(0, np.int64)]
        self.matched = 0
        self.counted = 0

    def add(self, part: BatchPart) -> np.ndarray:
        """Return which rows of a part have labels that are counted now, bool."""
        labelled = part.rows.labelled
        self.matched += int(labelled.sum())
        if part.rows.keys is not None:
            self._keys.append(part.rows.keys[labelled])
            labelled = labelled & ~np.isin(part.file_rows, self._files.labelled_rows)
            self._numbers.append(part.file_rows[labelled])
        self.counted += int(labelled.sum())
        return labelled

    def numbers(self) -> bytes:
        """Return the numbers of the rows with keys whose labels are counted now, as little-endian uint64.

        Raises:
            AuditError: two rows have the same key.
        """
        keys = np.concatenate(self._keys)
        if len(np.unique(keys)) < len(keys):
            raise AuditError(
                where=self._files.data.path,
                expected="each key once",
                found="a key in several rows",
                fix="give every row a key of its own, or name another column under monitoring.key",
            )
        return np.concatenate(self._numbers).astype("<u8").tobytes()


def _background(policy: ResolvedPolicy) -> Source | None:
    """Return the background if a check samples it, None otherwise."""
    samples = not STREAMED.issuperset(rule.check for rule in policy.rules)
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
