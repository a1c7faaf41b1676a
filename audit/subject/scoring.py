"""Scores of all rows: the features stream through the model once, and only compact arrays are kept."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from audit.data.labels import Labels, Targets
from audit.data.protected_attributes import Attribute
from audit.data.row_hashes import HashKey
from audit.data.source import Source
from audit.errors import AuditError
from audit.model.decision import DecisionRule
from audit.model.determinism.across_batches import BatchSample
from audit.model.determinism.check import require_deterministic
from audit.model.differentiability import differentiable
from audit.model.head import detect_head
from audit.model.label_outputs import LabelOutput, label_outputs_of
from audit.model.served_classes import NamedClasses
from audit.subject.batches import feature_batches
from audit.subject.class_order import class_order
from audit.subject.feature_screen import FeatureScreen
from audit.subject.folded_scores import require_unfolded
from audit.subject.infinite_values import InfiniteValues
from audit.subject.predictions import Classified, Classifier, Regressed, Regressor
from audit.subject.replaced_nulls import ReplacedNulls
from audit.subject.served_labels import compare_labels
from audit.subject.sources import BoundModel
from audit.subject.threshold_use import require_used_threshold

_Item = TypeVar("_Item")

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
) -> ScoringResult:
    """Return the model's scores of all rows, run in batches; memory is that of one batch and the arrays of scores.

    Args:
        bound: the model with its feeds.
        source: the audited rows.
        labels: the label of each row.
        progress: called after each batch.
        key: key of the rows' hashes.
        attributes: protected attributes, in whose groups replaced nulls are counted.

    Raises:
        AuditError: a feature has a null or text, the model fails, or its output contradicts its head, the labels or
            itself.
    """
    rows = len(labels.codes) if isinstance(labels, Labels) else len(labels.numbers)
    model = bound.model
    named = NamedClasses(model)
    served = [] if isinstance(labels, Targets) else label_outputs_of(model)
    screen = FeatureScreen(bound.feeds, labels)
    infinite = InfiniteValues()
    replaced = ReplacedNulls(bound.feeds, bound.policy.data.missing, attributes)
    sample = BatchSample(model, rows)
    hashes: list[np.ndarray] = []
    collector: Classifier | Regressor | None = None
    has_gradient = False
    done = 0
    for batch in _prefetched(feature_batches(bound.feeds, source, bound.policy.data.missing, key)):
        tensors = batch.tensors(bound.feeds)
        batch_hashes = batch.hashes
        if done + len(batch_hashes) > rows:
            raise _other_rows(source, rows)
        if not len(batch_hashes):
            continue
        screen.add(batch.values, done)
        infinite.add(bound.feeds, batch.values, done + 1)
        replaced.add(batch.stored, done)
        with source.locating():
            raw = model(tensors, done + 1)
        named.add(tensors, done + 1)
        for output in served:
            output.add(tensors)
        if collector is None:
            require_deterministic(model, tensors, raw)
            collector = _collector(bound, labels, raw, named.classes)
            has_gradient = differentiable(model, {name: t[:_PROBED_ROWS] for name, t in tensors.items()})
        collector.add(raw)
        sample.add(tensors, raw, batch_hashes, done + 1)
        hashes.append(batch_hashes)
        done += len(raw)
        progress("scoring", done, rows)
    if collector is None or done != rows:
        raise _other_rows(source, rows)
    sample.require_row_wise()
    scores = collector.result()
    return ScoringResult(
        scores=scores,
        decision_rule=collector.decision_rule,
        differentiable=has_gradient,
        hashes=np.concatenate(hashes),
        warnings=[
            *screen.warnings(),
            *infinite.warnings(),
            *replaced.warnings(),
            *_score_warnings(bound, collector, scores, labels, served),
        ],
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


def _prefetched(items: Iterator[_Item]) -> Iterator[_Item]:
    """Yield ``items`` in order, each computed while the one before is worked on; errors come in their turn."""
    end = object()
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(next, items, end)
        while (item := pending.result()) is not end:
            pending = pool.submit(next, items, end)
            yield item  # type: ignore[misc]  # the sentinel never gets here


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
