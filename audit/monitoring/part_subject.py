"""A part of a batch as the subject that checks measure on, its classes and groups coded as in the reference."""

from typing import NamedTuple

import numpy as np

from audit.data.dataset import normalized_weights
from audit.data.labels import Labels, Targets
from audit.data.row_hashes import HashKey
from audit.data.row_sample import KeyedRows
from audit.data.source import Source
from audit.monitoring.reference import Reference
from audit.monitoring.rows import BatchRows, taken
from audit.policy.model import ResolvedPolicy
from audit.provenance.digest import WatchedFiles
from audit.result import DataFacts, ModelFacts, OutputFacts
from audit.subject.class_order import ClassOrder
from audit.subject.predictions import Classified, Classifier, Regressed, Regressor
from audit.subject.row_keys import RowKeys, background_keys
from audit.subject.sources import BoundModel, Sources
from audit.subject.subject import Subject

STREAMED = frozenset({"performance", "fairness"})
"""Checks that read scores only; the others sample features, from the first part of a batch."""


class BatchPart(NamedTuple):
    """Rows of a batch: groups and labels, outputs of the model, and their indices in the batch, from 0, rising."""

    rows: BatchRows
    raw: np.ndarray
    file_rows: np.ndarray

    def where(self, mask: np.ndarray) -> "BatchPart":
        """Return the rows at which a mask, bool, is true."""
        return BatchPart(taken(self.rows, mask), self.raw[mask], self.file_rows[mask])


def known_targets(policy: ResolvedPolicy, reference: Reference, labels: np.ndarray) -> Labels | Targets:
    """Return labels, or targets of a regression, by the reference's classes."""
    if not reference.classes:
        return Targets(labels.astype(np.float64), reference.at_least, np.dtype(np.float64))
    spelling = policy.data.values.get(policy.data.label)
    return Labels(list(reference.classes), labels.astype(np.int32), list(reference.favorable), spelling)


def _scores(
    policy: ResolvedPolicy, reference: Reference, rows: BatchRows, raw: np.ndarray
) -> tuple[Classified | Regressed, Classifier | Regressor]:
    """Return the scores of rows; an unknown label is the first class or the prediction, and nothing uses it."""
    labels = rows.labels
    is_target = labels.dtype.kind == "f"
    labels = np.where(np.isnan(labels), raw[:, 0], labels) if is_target else np.maximum(labels, 0)
    targets = known_targets(policy, reference, labels)
    collector: Classifier | Regressor
    if isinstance(targets, Targets):
        collector = Regressor(targets, reference.head)
    else:
        order = ClassOrder(list(reference.classes), "the reference")
        collector = Classifier(targets, reference.head, order, reference.threshold)
    collector.add(raw)
    return collector.result(), collector


def part_subject(
    bound: BoundModel,
    reference: Reference,
    sources: Sources,
    part: BatchPart,
) -> Subject:
    """Return the subject of some rows.

    Args:
        bound: the model, bound to the batch's columns.
        reference: classes and decision rule.
        sources: the batch, and the background if a check samples it.
        part: the rows.
    """
    policy = bound.policy
    source, background = sources
    rows, raw, file_rows = part
    scores, collector = _scores(policy, reference, rows, raw)
    keys = KeyedRows(np.random.default_rng(0).permutation(len(raw)).astype(np.uint64), file_rows)
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
        weights=normalized_weights(rows.weights, str(policy.data.weight))
        if rows.weights is not None
        else None,
        clusters=None
        if rows.clusters is None
        else np.unique(rows.clusters, return_inverse=True)[1].astype(np.int32),
        tables=False,
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
