"""Identity of the audited model and data in the report: digests, output, columns, row and group counts."""

from collections.abc import Mapping

import pyarrow as pa

from audit.data.dataset import Dataset
from audit.data.labels import Labels
from audit.inputs.column_candidates import left_out
from audit.model.batch_size.dependence import size_exceptions
from audit.policy.model import Policy
from audit.provenance.digest import digest, digest_of_hashes, file_hashes
from audit.result import BackgroundFacts, DataFacts, GroupFacts, ModelFacts, OutputFacts, Scalar
from audit.subject.copies import CountedRows
from audit.subject.predictions import Classified
from audit.subject.scoring import ScoringResult
from audit.subject.sources import BoundModel


def model_facts(bound: BoundModel, scored: ScoringResult) -> ModelFacts:
    """Return the report's description of the audited model, with the digest of its files."""
    model = bound.model
    classified = scored.scores if isinstance(scored.scores, Classified) else None
    files = file_hashes(bound.path)
    return ModelFacts(
        path=bound.policy.model.path,
        digest=digest_of_hashes(files) if files else digest(bound.path),
        files=files,
        signature=model.signature.name,
        inputs=model.inputs,
        output=OutputFacts(
            name=model.output,
            kind=scored.decision_rule.head.kind,
            classes=classified.classes if classified else [],
            evidence=scored.decision_rule.head.evidence,
            classes_from=classified.classes_from if classified else None,
        ),
        differentiable=scored.differentiable,
        columns={feed.name: feed.columns for feed in bound.feeds},
        allowed_operations=[*model.signature.exceptions, *size_exceptions(model)],
        imports=list(model.signature.allowed.packages),
        registry=bound.registry,
    )


def data_facts(
    policy: Policy, digests: Mapping[str, str], dataset: Dataset, counted: CountedRows, schema: pa.Schema
) -> DataFacts:
    """Return the report's description of rows and background; ``digests`` are by their keys in the policy."""
    labels = dataset.labels
    favorable: list[Scalar] | dict[str, float] = []
    source = None
    if isinstance(labels, Labels):
        favorable = [labels.values[index] for index in labels.favorable]
        source = "nobody chose it: the greater of two label values" if favorable else None
    elif labels.at_least is not None:
        favorable = {"at_least": labels.at_least}
    background = policy.data.background
    return DataFacts(
        path=policy.data.path,
        digest=digests["data"],
        rows=dataset.rows,
        distinct_rows=counted.distinct,
        copies=counted.copies,
        repeats_left_out=counted.repeats,
        background=BackgroundFacts(path=background, digest=digests["background"]) if background else None,
        label=policy.data.label,
        favorable=favorable,
        favorable_from=source if policy.data.favorable is None else "the policy",
        left_out=left_out(policy.data, schema),
        groups=[
            GroupFacts(attribute=a.name, privileged=[a.groups[i] for i in a.privileged], rows=a.rows)
            for a in dataset.attributes
        ],
    )
