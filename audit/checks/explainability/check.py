"""Which features a model's decisions rest on: interventional SHAP values of sampled rows against a background.

Sampled by `audit.attribution`: permutations in antithetic pairs, each masked by one reference row, every
reference used equally often; exact where enumerating all coalitions is cheaper.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from audit.check import Check
from audit.checks.explainability.definitions import DEFINITIONS
from audit.inputs.features import MOST_ROWS
from audit.result import MetricFacts, Note
from audit.stats.influence import Traced, TracedEvidence
from audit.subject.subject import Subject


class Explainability(Check):
    """Explains the log-odds of the favourable outcome (or its score) by SHAP values."""

    summary: ClassVar[str] = "Which features the decisions rest on, by SHAP"
    metrics: ClassVar[dict[str, MetricFacts]] = DEFINITIONS

    rows: Annotated[int, Field(ge=2, le=MOST_ROWS)] = Field(
        default=1000, description="rows of the data that are explained, drawn at random"
    )
    references: Annotated[int, Field(ge=1, le=MOST_ROWS)] = Field(
        default=100, description="rows of the background that stand for an absent feature"
    )
    output: Literal["logit", "score"] = Field(
        default="logit", description="what is explained: the log-odds of the favourable outcome, or its score"
    )
    error: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.1, description="a row is sampled until its values' standard error is this share of them"
    )
    memory_mb: Annotated[int, Field(ge=1)] = Field(
        default=64, description="megabytes of the model's widest tensor in one call"
    )

    def measure(self, subject: Subject) -> Iterator[TracedEvidence]:
        """Yield global importance, its quality, and the tables behind the report's pictures.

        Raises:
            Skip: the model's output is not finite where rows and reference rows are mixed, or it reads pictures beside
                other columns.
        """
        from audit.checks.explainability.explanation import explain
        from audit.checks.explainability.image_attribution import locate
        from audit.checks.explainability.image_tables import picture_evidence
        from audit.checks.explainability.importance import importance, largest_share, protected
        from audit.checks.explainability.influence import protected_influence
        from audit.checks.explainability.protected_columns import protected_columns, unread
        from audit.checks.explainability.proxies import proxies
        from audit.checks.explainability.quality import quality, sampling
        from audit.checks.explainability.sampling import draw
        from audit.checks.explainability.tables import tables
        from audit.checks.explainability.text_tables import word_evidence
        from audit.model.text_columns import prose_columns

        score, memory = self.output == "score", self.memory_mb * 2**20
        sample = draw(subject, self.rows, self.references, score=score, memory=memory)
        explained = explain(
            subject, sample.rows, sample.references, score=score, error=self.error, memory=memory
        )
        yield Note(text=f"Explained is {explained.unit}: {subject.logits.evidence}.")
        yield from sample.notes
        measured = list(importance(explained))
        yield from measured
        yield largest_share(measured)
        found = protected_columns(subject)
        hidden = bool(subject.pictures or prose_columns(subject.model, subject.feeds))
        if note := unread(found, subject.policy.data.protected, hidden):
            yield note
        for share in protected(explained, {name: own for name, own in found.items() if own or not hidden}):
            columns = found[str(share.where["attribute"])]
            yield Traced(share, partial(protected_influence, subject, explained, columns))
        if not hidden:
            yield from proxies(explained, subject, found)
        if sample.method and subject.pictures:
            located = locate(
                explained, subject.pictures, sample.method, seed=subject.seed, error=self.error, memory=memory
            )
            yield from picture_evidence(explained, located, sample.method, subject, subject.pictures)
        else:
            yield from quality(explained, subject.seed, explained.found.values)
            yield sampling(explained)
            yield from tables(explained, subject, found)
            yield from word_evidence(explained, subject, score=score)
