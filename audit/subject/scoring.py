"""Scores of all rows: the features stream through the model once, and only compact arrays are kept."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from audit.data.labels import Labels, Targets
from audit.data.protected_attributes import Attribute
from audit.data.row_hashes import HashKey
from audit.data.source import Source
from audit.errors import AuditError
from audit.execution import LOCAL, Backend
from audit.inputs.feeds import Feed
from audit.model.decision import DecisionRule
from audit.model.determinism.across_batches import BatchSample
from audit.model.determinism.check import require_deterministic
from audit.model.differentiability import differentiable
from audit.model.head import detect_head
from audit.model.label_outputs import LabelOutput, label_outputs_of
from audit.model.served_classes import NamedClasses
from audit.subject.batch_scoring import BatchScorer, RowBatch, rows_digest
from audit.subject.batches import FeatureBatch, feature_batches, prefetched
from audit.subject.class_order import class_order
from audit.subject.feature_screen import FeatureScreen
from audit.subject.folded_scores import require_unfolded
from audit.subject.infinite_values import InfiniteValues
from audit.subject.predictions import Classified, Classifier, Regressed, Regressor
from audit.subject.replaced_nulls import ReplacedNulls
from audit.subject.served_labels import compare_labels
from audit.subject.sources import BoundModel
from audit.subject.threshold_use import require_used_threshold

Progress = Callable[[str, int, int], None]
"""Callback of a step's name, the rows done and the rows in all."""

_NO_SEED = HashKey(0)
_PROBED_ROWS = 32  # rows at which the gradient is probed


@dataclass(frozen=True, kw_only=True)
class ScoringResult:
    """What one pass of all rows through the model gives; ``hashes`` is one uint64 a row over all feature columns.

    ``warnings`` are for the top of the report.
    """

    scores: Classified | Regressed
    decision_rule: DecisionRule
    differentiable: bool
    hashes: np.ndarray
    warnings: list[str] = field(default_factory=list)


def score(
    bound: BoundModel,
    source: Source,
    labels: Labels | Targets,
    progress: Progress,
    key: HashKey = _NO_SEED,
    attributes: Sequence[Attribute] = (),
    backend: Backend = LOCAL,
) -> ScoringResult:
    """Return the model's scores of all rows, run in batches; memory is that of one batch and the arrays of scores.

    Args:
        bound: the model with its feeds.
        source: the audited rows.
        labels: the label of each row.
        progress: called after each batch.
        key: key of the rows' hashes.
        attributes: protected attributes, in whose groups replaced nulls are counted.
        backend: computes the model. This process reads all rows as well, to hash and to screen them.

    Raises:
        AuditError: a feature has a null or text, the model fails, or its output contradicts its head, the labels or
            itself.
    """
    scoring = _Scoring(bound, source, labels, attributes)
    batches = prefetched(feature_batches(bound.feeds, source, bound.policy.data.missing, key))
    pending: deque[tuple[FeatureBatch, RowBatch]] = deque()
    row_batches = _row_batches(bound.feeds, batches, pending)
    for raw in backend.map(BatchScorer.of(bound, source, key), row_batches):
        scoring.add(*pending.popleft(), raw)
        progress("scoring", scoring.done, scoring.rows)
    return scoring.result()


def _row_batches(
    feeds: Sequence[Feed],
    batches: Iterator[FeatureBatch],
    pending: deque[tuple[FeatureBatch, RowBatch]],
) -> Iterator[RowBatch]:
    """Yield the batches that have rows, and append them to ``pending``, until their scores come."""
    first_row = 1
    for number, batch in enumerate(batches):
        if rows := len(batch.hashes):
            pending.append(
                (batch, RowBatch(number, first_row, rows, rows_digest(batch.hashes), batch.tensors(feeds)))
            )
            yield pending[-1][1]
            first_row += rows


class _Screen(Protocol):
    """Looks at the features of all rows while they stream by."""

    def add(self, batch: FeatureBatch, first_row: int) -> None:
        """Add the next rows; ``first_row`` counts from 0."""

    def warnings(self) -> Iterable[str]:
        """Return what is said at the top of the report."""


class _Scoring:
    """One pass of all ``rows`` through the model, of which ``done`` are scored."""

    def __init__(
        self, bound: BoundModel, source: Source, labels: Labels | Targets, attributes: Sequence[Attribute]
    ) -> None:
        feeds = bound.feeds
        self.rows = len(labels.codes) if isinstance(labels, Labels) else len(labels.numbers)
        self.done = 0
        self._bound = bound
        self._source = source
        self._labels = labels
        self._screens: list[_Screen] = [
            FeatureScreen(feeds, labels),
            InfiniteValues(feeds),
            ReplacedNulls(feeds, bound.policy.data.missing, attributes),
        ]
        self._named = NamedClasses(bound.model)
        self._served = [] if isinstance(labels, Targets) else label_outputs_of(bound.model)
        self._sample = BatchSample(bound.model, self.rows)
        self._hashes = np.empty(self.rows, np.uint64)
        self._collector: Classifier | Regressor | None = None
        self._differentiable = False

    def add(self, batch: FeatureBatch, row_batch: RowBatch, raw: np.ndarray) -> None:
        """Add the next batch and the model's outputs of its rows, one at least."""
        model = self._bound.model
        tensors = row_batch.tensors
        assert tensors is not None  # this process read them
        if self.done + len(batch.hashes) > self.rows:
            raise _other_rows(self._source, self.rows)
        for screen in self._screens:
            screen.add(batch, self.done)
        self._named.add(tensors, self.done + 1)
        for output in self._served:
            output.add(tensors)
        if self._collector is None:
            require_deterministic(model, tensors, raw)
            self._collector = _collector(self._bound, self._labels, raw, self._named.classes)
            probed = {name: tensor[:_PROBED_ROWS] for name, tensor in tensors.items()}
            self._differentiable = differentiable(model, probed)
        self._collector.add(raw)
        self._sample.add(tensors, raw, batch.hashes, self.done + 1)
        self._hashes[self.done : self.done + len(raw)] = batch.hashes
        self.done += len(raw)

    def result(self) -> ScoringResult:
        """Return what the pass gave."""
        if self._collector is None or self.done != self.rows:
            raise _other_rows(self._source, self.rows)
        self._sample.require_row_wise()
        scores = self._collector.result()
        of_features = (text for screen in self._screens for text in screen.warnings())
        of_scores = _score_warnings(self._bound, self._collector, scores, self._labels, self._served)
        return ScoringResult(
            scores=scores,
            decision_rule=self._collector.decision_rule,
            differentiable=self._differentiable,
            hashes=self._hashes,
            warnings=[*of_features, *of_scores],
        )


def _score_warnings(
    bound: BoundModel,
    collector: Classifier | Regressor,
    scores: Classified | Regressed,
    labels: Labels | Targets,
    served: Sequence[LabelOutput],
) -> Iterator[str]:
    """Yield what puts the meaning of a classification's scores in doubt."""
    if isinstance(scores, Classified) and isinstance(labels, Labels):
        for label in served:
            yield from compare_labels(label, scores, collector.decision_rule, labels)
        yield from require_unfolded(bound.model, scores, bound.policy.model.output.kind == "probabilities")
    if isinstance(collector, Classifier):
        yield from collector.warnings()


def _other_rows(source: Source, rows: int) -> AuditError:
    return AuditError(
        where=source.path,
        expected=f"{rows:,} rows, as when labels and groups were read",
        found="another number: the data changed during the audit",
        fix="run the audit again",
    )


def _collector(
    bound: BoundModel, labels: Labels | Targets, raw: np.ndarray, named: list[str] | None
) -> Classifier | Regressor:
    policy = bound.policy
    head = detect_head(policy.model.output.kind, bound.model.operation, bound.model.width, raw)
    assert head is not None  # None is for the case without a sample only
    if bound.model.column is not None:
        head = replace(head, evidence=f"column {bound.model.column} of the output; {head.evidence}")
    if isinstance(labels, Targets):
        return Regressor(labels, head)
    if meaning := bound.model.meaning:
        head = replace(head, evidence=meaning)
    order = class_order(labels, policy.model.classes or bound.model.class_names, named, head.width)
    if bound.model.class_names and not policy.model.classes:
        order = replace(order, source="the model's own label")
    require_used_threshold(policy.data, len(order.values))
    return Classifier(labels, head, order, policy.data.threshold)
