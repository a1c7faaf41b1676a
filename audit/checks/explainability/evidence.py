"""Evidence of the explainability check, for models of tables, of texts and of images.

The check imports this module only when it measures: listing the checks needs none of its imports.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audit.checks.explainability import metrics
from audit.checks.explainability.explanation import ExplainedOutput, Explanation, Sampling, explain
from audit.checks.explainability.image_attribution import (
    ImageMethod,
    affordable,
    attribute_images,
    find_method,
)
from audit.checks.explainability.image_tables import image_evidence
from audit.checks.explainability.protected_columns import ProtectedColumns, note_on_unread, protected_columns
from audit.checks.explainability.proxies import proxy_evidence
from audit.checks.explainability.tables import report_tables
from audit.checks.explainability.text_tables import text_evidence
from audit.inputs.finite import infinite_rows
from audit.model.text_columns import free_text_columns
from audit.result import Note
from audit.stats.influence import TracedEvidence
from audit.subject.sample_screen import sample_notes
from audit.subject.subject import Subject

_MAX_EVALUATIONS = 100_000_000
"""Model rows of one pass over all explained rows; very wide models get fewer reference rows, so that it ends."""

_MIN_REFERENCES = 32
"""Reference rows that a wide model still gets, unless fewer are asked for."""


def explainability_evidence(
    subject: Subject, rows: int, references: int, *, score: bool, tolerance: float, memory_bytes: int
) -> Iterator[TracedEvidence]:
    """Yield each feature's importance, the protected attributes' shares, and the tables of the kind of model."""
    sampling = Sampling(subject.seed, tolerance, memory_bytes)
    output = ExplainedOutput.of(subject, score)
    sample = draw_sample(subject, output, rows, references, sampling)
    explanation = explain(subject, output, sample.rows, sample.references, sampling)
    yield Note(text=f"Explained output: {output.unit}. Source: {subject.logits.evidence}.")
    yield from sample.notes
    yield from sample_notes(subject, explanation.rows, "explained")
    measurements = list(metrics.importance(explanation))
    yield from measurements
    yield metrics.largest_share(measurements)
    columns = protected_columns(subject)
    yield from _protected_evidence(explanation, subject, columns)
    if sample.method and subject.image_column:
        attribution = attribute_images(explanation, subject.image_column, sample.method, sampling)
        yield from image_evidence(explanation, attribution, sample.method, subject, subject.image_column)
    else:
        yield from metrics.quality(explanation, subject.seed, explanation.attributions.values)
        yield metrics.sampling_note(explanation)
        yield from report_tables(explanation, subject, columns)
        yield from text_evidence(explanation, subject, score=score)


def _protected_evidence(
    explanation: Explanation, subject: Subject, protected: ProtectedColumns
) -> Iterator[TracedEvidence]:
    """Yield shares and proxies of the protected attributes; of images and free text, only shares of named columns."""
    hidden = bool(subject.image_column or free_text_columns(subject.model, subject.feeds))
    if note := note_on_unread(protected, subject.policy.data.protected, hidden):
        yield note
    measured = {attribute: columns for attribute, columns in protected.items() if columns or not hidden}
    yield from metrics.protected_shares(explanation, measured, subject.rows)
    if not hidden:
        yield from proxy_evidence(explanation, subject, protected)


@dataclass(frozen=True)
class ExplainedSample:
    """Indices of sampled rows of the data and of the background; ``method`` is that of images, if any."""

    rows: np.ndarray
    references: np.ndarray
    method: ImageMethod | None
    notes: list[Note]


def draw_sample(
    subject: Subject, output: ExplainedOutput, rows: int, references: int, sampling: Sampling
) -> ExplainedSample:
    """Draw at most ``rows`` rows and ``references`` reference rows, fewer where the evaluation would never end."""
    data = subject.features.data.matrix
    background = subject.features.background.matrix
    references_at = _finite_references(subject)
    available_rows = row_count = min(rows, len(data))
    available_references = min(references, len(references_at))
    method: ImageMethod | None = None
    if subject.image_column:
        method = find_method(output, data, background, sampling)
        row_count = min(row_count, affordable(method, available_references, subject.image_column, output))
    columns = len(subject.features.columns)
    # a pass over all rows takes 4 evaluations of each feature
    affordable_references = _MAX_EVALUATIONS // (row_count * 4 * max(1, columns - 1))
    reference_count = min(available_references, max(_MIN_REFERENCES, affordable_references))
    notes = []
    if reference_count < available_references:
        notes.append(
            f"{reference_count} reference rows stand for absent features, instead of {references}: "
            f"{columns:,} features take so many model rows each."
        )
    if row_count < available_rows:
        notes.append(
            f"{row_count} rows are explained, instead of {available_rows:,}: the model scores several hundred pictures "
            "for each."
        )
    if left_out := len(background) - len(references_at):
        notes.append(f"Background rows with an infinite value, which cannot be reference rows: {left_out:,}.")
    rng = np.random.default_rng([subject.seed, 1])
    return ExplainedSample(
        rows=np.arange(row_count),  # in the order of their random keys
        references=np.sort(rng.choice(references_at, reference_count, replace=False)),
        method=method,
        notes=[Note(text=text) for text in notes],
    )


def _finite_references(subject: Subject) -> np.ndarray:
    """Return the indices of the background's rows without an infinite value; of all where each has one."""
    features = subject.features
    infinite = infinite_rows(features.background.matrix, subject.feeds, features.columns)
    return np.flatnonzero(infinite.all() | ~infinite)
