"""What a report says of the audited model and data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from audit.data.dataset import Dataset
from audit.data.labels import Labels, Targets
from audit.data.row_hashes import count_distinct, row_hashes
from audit.inputs.feeds import Feed
from audit.model.model import Model
from audit.policy.model import Policy
from audit.provenance.digest import digest
from audit.result import BackgroundFacts, DataFacts, GroupFacts, ModelFacts, OutputFacts, Scalar
from audit.subject.predictions import Classified
from audit.subject.scoring import Scored


def distinct_rows(table: Dataset, hashes: np.ndarray) -> int:
    """Return how many rows differ in what the audit reads; ``hashes`` are those of their features."""
    label = table.labels.numbers if isinstance(table.labels, Targets) else table.labels.codes
    others = [label, *(attribute.codes for attribute in table.attributes)]
    return count_distinct(row_hashes([hashes, *others], table.rows))


def model_facts(policy: Policy, path: Path, model: Model, feeds: list[Feed], scored: Scored) -> ModelFacts:
    """Return which model was audited, with the digest of its files."""
    scores = scored.scores
    classes, told = (scores.classes, scores.classes_from) if isinstance(scores, Classified) else ([], None)
    return ModelFacts(
        path=policy.model.path,
        digest=digest(path),
        signature=model.signature.name,
        inputs=model.inputs,
        output=OutputFacts(
            name=model.output,
            kind=scored.decider.head.kind,
            classes=classes,
            evidence=scored.decider.head.evidence,
            classes_from=told,
        ),
        differentiable=scored.differentiable,
        columns={feed.name: feed.columns for feed in feeds},
        allowed_operations=model.signature.allowed,
    )


def data_facts(policy: Policy, digests: Mapping[str, str], table: Dataset, hashes: np.ndarray) -> DataFacts:
    """Return which rows were audited, and against which background; ``digests`` has one for each of the two."""
    labels = table.labels
    favorable: list[Scalar] | dict[str, float] = []
    if isinstance(labels, Labels):
        favorable = [labels.values[index] for index in labels.favorable]
    elif labels.at_least is not None:
        favorable = {"at_least": labels.at_least}
    return DataFacts(
        path=policy.data.path,
        digest=digests["data"],
        rows=table.rows,
        distinct_rows=distinct_rows(table, hashes),
        background=_background(policy, digests),
        label=policy.data.label,
        favorable=favorable,
        favorable_from=_chosen_by(policy, labels),
        groups=[
            GroupFacts(attribute=a.name, privileged=[a.groups[i] for i in a.privileged], rows=a.rows)
            for a in table.attributes
        ],
    )


def _background(policy: Policy, digests: Mapping[str, str]) -> BackgroundFacts | None:
    path = policy.data.background
    return None if path is None else BackgroundFacts(path=path, digest=digests["background"])


def _chosen_by(policy: Policy, labels: Labels | Targets) -> str | None:
    if policy.data.favorable is not None:
        return "the policy"
    return "nobody chose it: the greater of two label values" if isinstance(labels, Labels) else None
