"""Explains a model's decisions by interventional SHAP values of sampled rows against a background.

Sampled by `audit.attribution`: permutations in antithetic pairs, each masked by one reference row, every
reference used equally often; exact where enumerating all coalitions is cheaper.
"""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from audit.check import Check
from audit.checks.explainability.definitions import DEFINITIONS, WHERE_KEYS
from audit.inputs.features import MOST_ROWS
from audit.result import MetricFacts
from audit.stats.influence import TracedEvidence
from audit.subject.preview import Preview
from audit.subject.subject import Subject


class Explainability(Check):
    """Explains the log-odds of the favourable outcome (or its score) by SHAP values."""

    summary: ClassVar[str] = "Which features drive the decisions (SHAP values)"
    metrics: ClassVar[dict[str, MetricFacts]] = DEFINITIONS
    where_keys: ClassVar[dict[str, tuple[str, ...]]] = WHERE_KEYS
    example: ClassVar[str] = "{metric: explainability.largest_share, at_most: 0.5}"
    label_free: ClassVar[frozenset[str]] = frozenset(DEFINITIONS)

    rows: Annotated[int, Field(ge=2, le=MOST_ROWS)] = Field(
        default=1000, description="number of randomly drawn rows to explain"
    )
    references: Annotated[int, Field(ge=1, le=MOST_ROWS)] = Field(
        default=100, description="number of background rows that stand in for absent features"
    )
    output: Literal["logit", "score"] = Field(
        default="logit",
        description="what is explained: the log-odds of the favourable outcome, or its score; of the predicted class "
        "if data.favorable is not set",
    )
    error: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.1,
        description="a row is sampled until its values' standard error is below this fraction of them",
    )
    budget: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        default=3e12,
        description="multiply-adds, counted from the model's graph, that attribution may take; where they do not "
        "suffice, fewer rows are explained against fewer references, and a note says so; rows with a changed protected "
        "attribute take up to a tenth of it in addition",
    )
    memory_mb: Annotated[int, Field(ge=1)] = Field(
        default=64, description="maximum size in megabytes of the model's widest tensor in one call"
    )

    def planned_evaluations(self, preview: Preview) -> tuple[float, float]:
        """Return those of one pass over all rows and references, and of the most passes, as far as the budget goes.

        The former are for rows that differ from a reference in as many features as those of the data do on average.

        The most include rows of rare values, if a draw lacks these, and rows with a changed protected attribute, if the
        model reads a column of it.
        """
        from audit.attribution.shapley import evaluation_range
        from audit.checks.explainability.counterfactual_flips import planned_changes
        from audit.checks.explainability.unseen_values import most_rows

        rows = min(self.rows, preview.sampled_rows)
        references = min(self.references, preview.background_rows)
        lowest, _ = evaluation_range(rows, references, preview.features, int(preview.differing_features))
        _, highest = evaluation_range(rows + most_rows(rows), references, preview.features)
        affordable = self.budget / preview.multiply_adds
        return min(lowest, affordable), min(highest, affordable) + planned_changes(preview, affordable)

    def measure(self, subject: Subject) -> Iterator[TracedEvidence]:
        """Yield global importance, its quality, and the tables behind the report's images.

        Raises:
            Skip: the model's output is not finite where rows and reference rows are mixed, or it reads images and
                other columns.
        """
        from audit.checks.explainability.evidence import explainability_evidence

        yield from explainability_evidence(
            subject,
            self.rows,
            self.references,
            self.budget,
            score=self.output == "score",
            tolerance=self.error,
            memory_bytes=self.memory_mb * 2**20,
        )
