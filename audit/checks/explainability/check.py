"""Which features a model's decisions rest on: interventional SHAP values of sampled rows against a background.

Sampled by `audit.attribution`: permutations in antithetic pairs, each masked by one reference row, every
reference used equally often; exact where enumerating all coalitions is cheaper.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from audit.check import Check
from audit.checks.explainability.facts import DEFINITIONS
from audit.features import MOST_ROWS
from audit.result import Evidence, MetricFacts, Note
from audit.subject import Subject

_MOST_EVALUATIONS = 100_000_000
"""Model rows of one pass over all explained rows; very wide models get fewer reference rows, so that it ends."""
_LEAST_REFERENCES = 32
"""That a wide model still gets, unless fewer are asked for."""


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

    def measure(self, subject: Subject) -> Iterator[Evidence]:
        """Yield global importance, its quality, and the tables behind the report's pictures.

        Raises:
            Skip: the model's output is not finite where rows and reference rows are mixed.
        """
        from audit.checks.explainability.explained import explain
        from audit.checks.explainability.importance import importance, protected
        from audit.checks.explainability.protected import protected_columns, unread
        from audit.checks.explainability.quality import quality
        from audit.checks.explainability.tables import tables

        rng = np.random.default_rng([subject.seed, 1])
        columns, background = len(subject.features.columns), len(subject.features.background.matrix)
        rows = _drawn(rng, len(subject.features.data.matrix), self.rows)
        references = _drawn(rng, background, min(self.references, _affordable(len(rows), columns)))
        explained = explain(
            subject,
            rows,
            references,
            score=self.output == "score",
            error=self.error,
            memory=self.memory_mb * 2**20,
        )
        yield Note(text=f"Explained is {explained.unit}: {subject.logits.evidence}.")
        if len(references) < min(self.references, background):
            yield Note(
                text=f"{len(references)} reference rows stand for absent features, instead of {self.references}: "
                f"{columns:,} features take so many model rows each."
            )
        yield from importance(explained)
        found = protected_columns(subject)
        if note := unread(found, subject.policy.data.protected):
            yield note
        yield from protected(explained, found)
        yield from quality(explained, subject.seed)
        yield from tables(explained, subject, found)


def _affordable(rows: int, columns: int) -> int:
    """Return how many reference rows a pass over all rows may have, which takes 4 evaluations each a feature."""
    return max(_LEAST_REFERENCES, _MOST_EVALUATIONS // (rows * 4 * max(1, columns - 1)))


def _drawn(rng: np.random.Generator, rows: int, number: int) -> np.ndarray:
    """Return the indices of at most ``number`` rows, in order."""
    return np.sort(rng.choice(rows, min(rows, number), replace=False))
