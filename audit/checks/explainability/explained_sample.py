"""Draws the rows to explain and the reference rows, as many as the budget of multiply-adds allows.

A SHAP value against one reference row is the negative of the one with row and reference exchanged: the draw of the rows
and that of the references weigh alike in the error of a mean over both. Where the budget does not suffice for all that
were asked for, it is spread to about as many rows as references. A row is compared with at least 64
references, if need be with each several times.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audit.attribution.pass_plan import evaluations_per_pair, min_passes
from audit.checks.explainability.explanation import ExplainedOutput, Sampling
from audit.checks.explainability.image_attribution import (
    PROBE_POINTS,
    ImageMethod,
    evaluations_of_images,
    find_method,
)
from audit.frameworks.tensorflow_loader import GRADIENT_COST
from audit.inputs.finite import infinite_rows
from audit.model.graph.multiply_adds import short_number
from audit.result import Note
from audit.subject.subject import Subject

_MIN_ROWS = 2
"""Rows that are explained in any case: a single one has no spread."""
_PROBE_SHARE = 0.25
"""Share of the budget that may tell whether an image's gradients add up."""


@dataclass(frozen=True)
class SampleRequest:
    """Rows and reference rows that a policy asks for, and its ``budget`` of multiply-adds to explain them."""

    rows: int
    references: int
    budget: float


@dataclass(frozen=True)
class ExplainedSample:
    """Indices of sampled rows of the data and of the background, and how many of each there were to draw.

    ``method`` is that of images, if any. ``max_evaluations`` is the number of model rows that the budget is worth.
    """

    rows: np.ndarray
    references: np.ndarray
    available: tuple[int, int]
    method: ImageMethod | None
    max_evaluations: float
    infinite: int

    def notes(self, output: ExplainedOutput, evaluations: int, budget: float) -> Iterator[Note]:
        """Yield what ``evaluations`` of the model cost, and which rows the budget left out."""
        cost = evaluations * output.multiply_adds
        text = (
            f"Attribution took {short_number(cost)} of a budget of {short_number(budget)} multiply-adds: "
            f"{short_number(evaluations)} model evaluations of {output.multiply_adds:,} each, counted from the graph."
        )
        if (len(self.rows), len(self.references)) != self.available:
            rows, references = self.available
            text += (
                f" It suffices to explain {len(self.rows):,} of {rows:,} rows against {len(self.references):,} of "
                f"{references:,} reference rows; a greater checks.explainability.budget explains more."
            )
        yield Note(text=text)
        if self.infinite:
            yield Note(
                text=f"Background rows with an infinite value, which cannot be reference rows: {self.infinite:,}."
            )


def draw_sample(
    subject: Subject, output: ExplainedOutput, request: SampleRequest, sampling: Sampling
) -> ExplainedSample:
    """Draw the rows to explain and the reference rows, fewer than asked for where the budget does not suffice."""
    data = subject.features.data.matrix
    background = subject.features.background.matrix
    references_at = _finite_references(subject)
    available = min(request.rows, len(data)), min(request.references, len(references_at))
    max_evaluations = request.budget / output.multiply_adds
    evaluations = evaluations_per_pair(len(subject.features.columns))
    method: ImageMethod | None = None
    if subject.image_column:
        probed_rows = int(_PROBE_SHARE * max_evaluations / (PROBE_POINTS * GRADIENT_COST))
        method = find_method(output, data, background, sampling, probed_rows)
        max_evaluations *= 1 - _PROBE_SHARE
        evaluations = evaluations_of_images(method, subject.image_column)
    row_count, reference_count = affordable(max_evaluations / max(1, evaluations), *available)
    rng = np.random.default_rng([subject.seed, 1])
    return ExplainedSample(
        rows=np.arange(row_count),  # in the order of their random keys
        references=np.sort(rng.choice(references_at, reference_count, replace=False)),
        available=available,
        method=method,
        max_evaluations=max_evaluations,
        infinite=len(background) - len(references_at),
    )


def affordable(pairs: float, rows: int, references: int) -> tuple[int, int]:
    """Return the numbers of rows and of references that ``pairs`` of them suffice for, at most those asked for.

    Of all such numbers they have the least sum of reciprocals, which the error of a mean over both grows with.
    """
    if rows * references * min_passes(references) <= pairs:
        return rows, references
    m = np.arange(1, references + 1)
    pairs_per_row = np.array([count * min_passes(count) for count in m.tolist()])
    n = np.minimum(rows, pairs // pairs_per_row)
    n = np.maximum(n, min(rows, _MIN_ROWS))
    best = int(np.argmin(1 / n + 1 / m))
    return int(n[best]), int(m[best])


def _finite_references(subject: Subject) -> np.ndarray:
    """Return the indices of the background's rows without an infinite value; of all where each has one."""
    features = subject.features
    infinite = infinite_rows(features.background.matrix, subject.feeds, features.columns)
    return np.flatnonzero(infinite.all() | ~infinite)
