"""What a check sees: the model, the data, and the scores, computed once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audit.data.distinct import count_distinct, row_hashes
from audit.data.groups import Attribute
from audit.data.labels import Labels, Targets
from audit.data.open import locate, open_source
from audit.data.source import Source
from audit.data.table import Table, read_table
from audit.digest import digest, fingerprint
from audit.errors import AuditError
from audit.model.binding import bind
from audit.model.feeds import Feed
from audit.model.model import Model, open_model
from audit.model.signature import find_model
from audit.policy.model import Policy
from audit.result import DataFacts, GroupFacts, ModelFacts, OutputFacts, Scalar
from audit.scores import Classified, Regressed
from audit.scoring import Progress, Scored, score


@dataclass(frozen=True)
class Subject:
    """The audited model on the audited rows.

    ``weights`` (float64) and ``clusters`` (int32 codes) are None where the policy names none.
    """

    model: Model
    source: Source
    feeds: list[Feed]
    rows: int
    scores: Classified | Regressed
    attributes: list[Attribute]
    weights: np.ndarray | None
    clusters: np.ndarray | None
    model_facts: ModelFacts
    data_facts: DataFacts


def load_subject(policy: Policy, progress: Progress) -> Subject:
    """Read the data, load the model, score every row once.

    Raises:
        AuditError: data or model cannot be audited under this policy.
    """
    base = Path(policy.path).parent if policy.path else None
    source = open_source(policy.data.path, base)
    source.require(list(policy.data.missing))
    path = find_model(locate(policy.model.path, base))
    before = _fingerprints(path, source)
    table = read_table(policy.data, source, policy.model.output.kind == "regression")
    model = open_model(policy.model, path)
    feeds = bind(model.signature.inputs, policy.model.inputs, policy.data, source.schema, model.where)
    source.require([column for feed in feeds for column in feed.columns])
    with ThreadPoolExecutor(1) as pool:
        data_digest = pool.submit(source.digest)  # hashing leaves the interpreter free for the scores
        scored = score(policy, model, feeds, source, table.labels, progress)
    model_facts = _model_facts(policy, path, model, feeds, scored)
    data_facts = _data_facts(policy, data_digest.result(), table, _distinct(table, scored.hashes))
    _require_unchanged(before, _fingerprints(path, source))
    return Subject(
        model, source, feeds, table.rows, scored.scores, table.attributes, table.weights, table.clusters,
        model_facts, data_facts,
    )  # fmt: skip


def _fingerprints(model: Path, source: Source) -> dict[str, object]:
    return {str(path): fingerprint(path) for path in (model, *source.files)}


def _require_unchanged(before: dict[str, object], after: dict[str, object]) -> None:
    """The digests must be those of the bytes that were scored, since they say what may be promoted."""
    for name, seen in before.items():
        if after[name] != seen:
            raise AuditError(
                where=name,
                expected="files that stay as they are while they are audited",
                found="a change during the audit",
                fix="run the audit again",
            )


def _distinct(table: Table, hashes: np.ndarray) -> int:
    label = table.labels.numbers if isinstance(table.labels, Targets) else table.labels.codes
    others = [label, *(attribute.codes for attribute in table.attributes)]
    return count_distinct(row_hashes([hashes, *others], table.rows))


def _model_facts(policy: Policy, path: Path, model: Model, feeds: list[Feed], scored: Scored) -> ModelFacts:
    classes = scored.scores.classes if isinstance(scored.scores, Classified) else []
    return ModelFacts(
        path=policy.model.path,
        digest=digest(path),
        signature=model.signature.name,
        inputs=model.inputs,
        output=OutputFacts(
            name=model.output, kind=scored.head.kind, classes=classes, evidence=scored.head.evidence
        ),
        differentiable=scored.differentiable,
        columns={feed.name: feed.columns for feed in feeds},
    )


def _data_facts(policy: Policy, data_digest: str, table: Table, distinct: int) -> DataFacts:
    labels = table.labels
    favorable: list[Scalar] | dict[str, float] = []
    if isinstance(labels, Labels):
        favorable = [labels.values[index] for index in labels.favorable]
    elif labels.at_least is not None:
        favorable = {"at_least": labels.at_least}
    return DataFacts(
        path=policy.data.path,
        digest=data_digest,
        rows=table.rows,
        distinct_rows=distinct,
        label=policy.data.label,
        favorable=favorable,
        groups=[
            GroupFacts(attribute=a.name, privileged=[a.groups[i] for i in a.privileged], rows=a.rows)
            for a in table.attributes
        ],
    )
