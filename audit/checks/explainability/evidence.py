"""Evidence of the explainability check, for models of tables, of texts and of images.

The check imports this module only when it measures: listing the checks needs none of its imports.
"""

from collections.abc import Iterator
from itertools import chain

from audit.checks.explainability import metrics
from audit.checks.explainability.counterfactual_evidence import counterfactual_evidence
from audit.checks.explainability.counterfactual_flips import BUDGET_SHARE
from audit.checks.explainability.explained_sample import SampleRequest, draw_sample
from audit.checks.explainability.explanation import ExplainedOutput, Explanation, Sampling, explain
from audit.checks.explainability.image_attribution import attribute_images
from audit.checks.explainability.image_tables import image_evidence
from audit.checks.explainability.protected_columns import ProtectedColumns, note_on_unread, protected_columns
from audit.checks.explainability.proxies import proxy_evidence
from audit.checks.explainability.tables import report_tables
from audit.checks.explainability.text_tables import text_evidence
from audit.checks.explainability.unseen_values import notes_on_unseen
from audit.model.graph.multiply_adds import short_number
from audit.model.text_columns import free_text_columns
from audit.result import Note
from audit.stats.influence import TracedEvidence
from audit.subject.sample_screen import sample_notes
from audit.subject.subject import Subject

_TEXT_SHARE = 0.5
"""Share of the budget that explains free texts by their words, if there are any."""


def explainability_evidence(
    subject: Subject,
    rows: int,
    references: int,
    budget: float,
    *,
    score: bool,
    tolerance: float,
    memory_bytes: int,
) -> Iterator[TracedEvidence]:
    """Yield each feature's importance, the protected attributes' shares, and the tables of the kind of model."""
    sampling = Sampling(subject.seed, tolerance, memory_bytes)
    output = ExplainedOutput.of(subject, score)
    counterfactual_budget = budget * BUDGET_SHARE
    text_budget = budget * _TEXT_SHARE * bool(free_text_columns(subject.model, subject.feeds))
    budget -= text_budget
    sample = draw_sample(subject, output, SampleRequest(rows, references, budget), sampling)
    sampling = sampling._replace(max_evaluations=sample.max_evaluations)
    step = f"explaining {len(sample.rows):,} rows within {short_number(budget)} multiply-adds"
    subject.progress(step, 0, 1)
    explanation = explain(subject, output, sample.rows, sample.references, sampling)
    attribution = None
    if sample.method and subject.image_column:
        attribution = attribute_images(explanation, subject.image_column, sample.method, sampling)
    subject.progress(step, 1, 1)
    yield Note(text=f"Explained output: {output.unit}. Source: {subject.logits.evidence}.")
    evaluations = explanation.attributions.evaluations + explanation.rare.evaluations
    evaluations += attribution.evaluations if attribution else 0
    yield from sample.notes(output, evaluations, budget)
    yield from sample_notes(subject, explanation.rows, "explained")
    measurements = list(metrics.importance(explanation))
    yield from measurements
    yield metrics.largest_share(measurements)
    columns = protected_columns(subject)
    yield from notes_on_unseen(explanation.rare, [column.name for column in explanation.columns], columns)
    of_protected = _protected_evidence(explanation, subject, columns)  # proxies are predicted meanwhile
    counterfactuals = list(counterfactual_evidence(subject, columns, counterfactual_budget))
    yield from of_protected
    yield from counterfactuals
    if attribution and sample.method and subject.image_column:
        yield from image_evidence(explanation, attribution, sample.method, subject, subject.image_column)
    else:
        yield from metrics.quality(explanation, subject.seed, explanation.attributions.values)
        yield metrics.sampling_note(explanation)
        yield from report_tables(explanation, subject, columns)
        yield from text_evidence(explanation, subject, score=score, budget=text_budget)


def _protected_evidence(
    explanation: Explanation, subject: Subject, protected: ProtectedColumns
) -> Iterator[TracedEvidence]:
    """Return shares and proxies of the protected attributes; of images and free text, only shares of named columns."""
    hidden = bool(subject.image_column or free_text_columns(subject.model, subject.feeds))
    measured = {attribute: columns for attribute, columns in protected.items() if columns or not hidden}
    proxies = () if hidden else proxy_evidence(explanation, subject, protected)
    note = note_on_unread(protected, subject.policy.data.protected, hidden)
    shares = metrics.protected_shares(explanation, measured, subject.rows)
    return chain([note] if note else [], shares, proxies)
