"""Bins of the reference's variables, and its rows in each of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from audit.checks.explainability.row_attributions import RowAttributions
from audit.data.arrow_columns import Codes
from audit.monitoring.columns import Columns, GroupCounter, decided, feature_columns
from audit.monitoring.variable import Variable, category_variable, number_variable
from audit.policy.model import DriftSpec
from audit.subject.batches import FeatureBatch, feature_batches
from audit.subject.predictions import Classified
from audit.subject.subject import Subject

_BINNED_ROWS = 100_000
"""Rows, drawn at random, that the bins are chosen by; all rows are counted."""


def choose_variables(
    subject: Subject, drift: DriftSpec, attributions: RowAttributions | None
) -> list[Variable]:
    """Return the variables whose drift a policy asks for, with bins from the subject's rows."""
    variables: list[Variable] = []
    if drift.features:
        sample = subject.keys.data.sample(_BINNED_ROWS)
        variables += _features(list(_batches(subject, sample.file_rows)))
    if drift.scores:
        variables += _outputs(subject)
    if attributions:
        columns = zip(attributions.features, attributions.values.T, strict=True)
        variables += [number_variable("attribution", name, values) for name, values in columns]
    return variables


def count_reference(
    subject: Subject,
    variables: Sequence[Variable],
    groups: Sequence[tuple[str, str]],
    attributions: RowAttributions | None,
) -> list[np.ndarray]:
    """Return the rows in each bin of each variable: int64 ``(1 + groups, bins)``, of all rows and of each group."""
    counter = GroupCounter(subject.attributes, groups)
    independent = np.ones(subject.rows, bool)
    if subject.clusters is not None:  # of each cluster one row, as in a batch
        independent[:] = False
        independent[np.unique(subject.clusters, return_index=True)[1]] = True
    features = _feature_counts(subject, variables, counter, independent)
    score, decision = _scored(subject)
    totals = []
    for variable in variables:
        rows, values = np.arange(subject.rows), decision if variable.kind == "decision" else score
        if variable.kind == "feature":
            totals.append(features[variable.name])
            continue
        if variable.kind == "attribution" and attributions:
            rows = attributions.rows
            values = attributions.values[:, attributions.features.index(variable.name)]
        assert values is not None  # a variable of decisions is chosen where there are some
        numbers = variable.bin_numbers(values, np.zeros(len(rows), bool))
        counted = independent[rows]
        totals.append(counter.take(rows[counted]).count(numbers[counted], variable.bins))
    return totals


def _feature_counts(
    subject: Subject, variables: Sequence[Variable], counter: GroupCounter, independent: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the counts of each feature, of the rows that count and are ``independent`` (bool)."""
    features = [variable for variable in variables if variable.kind == "feature"]
    totals: dict[str, np.ndarray] = {}
    file_rows = subject.keys.data.file_rows
    counted = np.arange(subject.rows) if file_rows is None else file_rows
    for start, batch in _streamed(subject) if features else ():
        first, last = np.searchsorted(counted, [start, start + batch.stored.num_rows])
        places = np.arange(first, last)[independent[first:last]]
        rows = counted[places] - start
        columns = feature_columns(subject.feeds, batch)
        of_batch = counter.take(places)
        for variable in features:
            values, null = columns[variable.name]
            numbers = variable.bin_numbers(_take(values, rows), null[rows])
            table = of_batch.count(numbers, variable.bins)
            totals[variable.name] = totals.get(variable.name, 0) + table
    return totals


def _batches(subject: Subject, file_rows: np.ndarray) -> Iterator[Columns]:
    """Yield the features of some rows of the reference."""
    rising = np.sort(file_rows)
    for start, batch in _streamed(subject):
        first, last = np.searchsorted(rising, [start, start + batch.stored.num_rows])
        rows = rising[first:last] - start
        yield {
            name: (_take(values, rows), null[rows])
            for name, (values, null) in feature_columns(subject.feeds, batch).items()
        }


def _streamed(subject: Subject) -> Iterator[tuple[int, FeatureBatch]]:
    start = 0
    for batch in feature_batches(subject.feeds, subject.source, subject.policy.data.missing, None):
        yield start, batch
        start += batch.stored.num_rows


def _take(values: np.ndarray | Codes, rows: np.ndarray) -> np.ndarray | Codes:
    return replace(values, codes=values.codes[rows]) if isinstance(values, Codes) else values[rows]


def _features(batches: Sequence[Columns]) -> Iterator[Variable]:
    for name in batches[0]:
        parts = [columns[name] for columns in batches]
        if isinstance(parts[0][0], Codes):
            yield category_variable("feature", name, _rows_by_category(parts))
        else:
            values = [np.where(null, np.nan, part) for part, null in parts]  # type: ignore[arg-type]
            yield number_variable("feature", name, np.concatenate(values))


def _rows_by_category(parts: Sequence[tuple[np.ndarray | Codes, np.ndarray]]) -> dict[str, int]:
    rows: dict[str, int] = {}
    for codes, null in parts:
        assert isinstance(codes, Codes)
        counts = np.bincount(codes.codes[~null], minlength=len(codes.vocabulary)).tolist()
        for text, number in zip(codes.vocabulary, counts, strict=True):
            if number:
                rows[text] = rows.get(text, 0) + number
    return rows


def _outputs(subject: Subject) -> Iterator[Variable]:
    """Yield the variables of scores and, where there are decisions, of these."""
    score, decision = _scored(subject)
    yield number_variable("score", "score", score)
    if decision is not None:
        rows = np.bincount(decision.codes, minlength=len(decision.vocabulary)).tolist()
        yield category_variable("decision", "decision", dict(zip(decision.vocabulary, rows, strict=True)))


def _scored(subject: Subject) -> tuple[np.ndarray, Codes | None]:
    scores = subject.scores
    if isinstance(scores, Classified):
        return scores.score, decided(scores.guess, scores.classes)
    if scores.predicted is None:
        return scores.prediction, None
    return scores.prediction, decided(scores.predicted.astype(np.int32), [])
