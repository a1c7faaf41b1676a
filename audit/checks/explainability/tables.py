"""Tables behind the figures of the explainability section."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from audit.attribution.rank_stability import ranks
from audit.checks.explainability.example_rows import Examples, TableLine, line_table
from audit.checks.explainability.explained_table import explained_table
from audit.checks.explainability.explanation import Explanation
from audit.checks.explainability.protected_columns import ProtectedColumns
from audit.data.masking import Masker
from audit.data.shared_ranges import SHARED, format_digits
from audit.result import Table
from audit.subject.subject import Subject

_BEESWARM = ("feature", "low", "high", "rows", "value")
_DEPENDENCE = ("feature", "value", "low", "high", "rows", "mean", "p10", "p90")
_LOCAL = ("feature", "value", "attribution", "error")
_MAX_SWARMS = 20
_BULK_BINS = 40
_MAX_BINS = 10**9
_BULK = (0.005, 0.995)
"""Quantiles of all SHAP values that `_BULK_BINS` bins span; values beyond get more bins of the same width."""
_MAX_CURVES = 8
_MAX_PARTS = 12
_SPREAD = (10, 90)
_END_DIGITS = range(2, 7)
_MAX_FEATURES_OF_ROW = 8
_ABSENT = "(absent)"


def report_tables(explanation: Explanation, subject: Subject, columns: ProtectedColumns) -> Iterator[Table]:
    """Yield ``beeswarm``, ``dependence``, ``protected``; if the policy shows rows, ``local`` and ``explained``."""
    about = "SHAP values of the most important features, in bins"
    yield line_table("beeswarm", about, _BEESWARM, _beeswarm_lines(explanation))
    about = "SHAP values over the values of the most important features"
    yield line_table("dependence", about, _DEPENDENCE, _dependence_lines(explanation))
    about = "columns counted towards a protected attribute"
    protected = [(attribute, c, how) for attribute, names in columns.items() for c, how in names.items()]
    yield line_table("protected", about, ("attribute", "column", "how"), protected)
    if subject.policy.report.rows != "none":
        examples = Examples(explanation, subject)
        about = "rows with the largest attributions, with their SHAP values"
        yield examples.table("local", about, _LOCAL, _local_lines(explanation, examples, subject.masker))
        yield explained_table(explanation, examples, subject.masker)


def _beeswarm_lines(explanation: Explanation) -> Iterator[TableLine]:
    """Yield each feature's SHAP values counted in bins of one width for all, with the mean rank of its values.

    A rank goes from 0 for the least to 1 for the greatest value; None for texts and where there is one value only.
    """
    top = explanation.order[:_MAX_SWARMS]
    attributions = explanation.attributions.values[:, top]
    bulk = float(np.ptp(np.quantile(attributions, _BULK)))
    width = max(bulk / _BULK_BINS, float(np.ptp(attributions)) / _MAX_BINS) or 1.0
    bins = np.floor(attributions / width).astype(int)
    for feature, bin_of_row in zip(top, bins.T, strict=True):
        column = explanation.columns[feature]
        rank = _relative_ranks(explanation.matrix[:, feature], column.vocabulary is None)
        for number in np.unique(bin_of_row):
            inside = bin_of_row == number
            known = rank[inside & ~np.isnan(rank)]
            mean = round(float(known.mean()), 3) if len(known) else None
            yield column.name, float(number) * width, float(number + 1) * width, int(inside.sum()), mean


def _relative_ranks(values: np.ndarray, are_numbers: bool) -> np.ndarray:
    """Return ranks from 0 to 1, NaN for texts, for rows without a number, and where there is one value only."""
    relative = np.full(len(values), np.nan)
    present = ~np.isnan(values)
    if are_numbers and present.any() and np.ptp(values[present]) > 0:
        relative[present] = (ranks(values[present]) - 0.5) / (present.sum() - 1)
    return relative


class _ValuePart(NamedTuple):
    """A range of values, or a text: both ends (None of texts), its label, and the rows inside, bool ``(rows,)``."""

    low: float | None
    high: float | None
    label: str
    inside: np.ndarray


def _dependence_lines(explanation: Explanation) -> Iterator[TableLine]:
    """Yield for each part of a feature's values its ends, its rows, and the mean and spread of their SHAP values."""
    for feature in explanation.order[:_MAX_CURVES]:
        column = explanation.columns[feature]
        values = explanation.matrix[:, feature]
        parts = _numbers(values) if column.vocabulary is None else _texts(values, column.vocabulary)
        for low, high, label, inside in parts:
            attributions = explanation.attributions.values[inside, feature]
            spread = [float(end) for end in np.percentile(attributions, _SPREAD)]
            yield column.name, label, low, high, int(inside.sum()), float(attributions.mean()), *spread


def _numbers(values: np.ndarray) -> list[_ValuePart]:
    """Return the parts of a column of numbers; rows that have none (NaN) are the last."""
    absent = np.isnan(values)
    present = np.flatnonzero(~absent)
    parts = []
    for part in _ranges(values[present]) if len(present) else []:
        inside = np.zeros(len(values), bool)
        inside[present[part.inside]] = True
        parts.append(part._replace(inside=inside))
    return [*parts, _ValuePart(None, None, _ABSENT, absent)] if absent.any() else parts


def _ranges(values: np.ndarray) -> list[_ValuePart]:
    """Return single numbers that a twelfth of the rows have, and ranges of the others, in order.

    Ranges hold about equally many rows, as far as ties and rounded ends let them. No end is the least or the
    greatest value, which may belong to one person: about `SHARED` rows lie at the outer ones or beyond.
    """
    distinct, counts = np.unique(values, return_counts=True)
    common = distinct[counts >= max(SHARED, len(values) / _MAX_PARTS)]
    other = ~np.isin(values, common)
    parts = [_ValuePart(float(v), float(v), format_digits(v, 6), values == v) for v in common]
    if other.any():
        low, high, *inner = _rounded([*_outer(values), *_inner(values[other], _MAX_PARTS - len(common))])
        edges = sorted(set(inner))
        place = np.searchsorted(edges, values, side="right")
        ends = [min([low, *edges]), *edges, max([high, *edges])]
        inside = ((i, other & (place == i)) for i in range(len(edges) + 1))
        parts += [
            _ValuePart(ends[i], ends[i + 1], _label(edges, i), rows) for i, rows in inside if rows.any()
        ]
    return sorted(parts, key=lambda part: part[:2])


def _outer(values: np.ndarray) -> tuple[float, float]:
    """Return the value with `SHARED` rows at or below it, and that with as many at or above; of few, the middle."""
    ordered = np.sort(values)
    place = min(SHARED, (len(values) + 1) // 2) - 1
    return float(ordered[place]), float(ordered[len(values) - 1 - place])


def _inner(values: np.ndarray, max_ranges: int) -> list[float]:
    """Return the edges of ranges of equally many ``values``, at least `SHARED` if there are, at most ``max_ranges``."""
    steps = max(1, min(max_ranges, len(values) // SHARED))
    cuts = np.quantile(values, np.arange(1, steps) / steps, method="lower")
    return [float(cut) for cut in np.unique(cuts) if cut > values.min()]


def _rounded(ends: list[float]) -> list[float]:
    """Round to the fewest significant digits, at least two, that keep the ends distinct."""
    for count in _END_DIGITS:
        rounded = [float(format_digits(end, count)) for end in ends]
        if len(set(rounded)) == len(set(ends)):
            break
    return rounded


def _label(edges: list[float], place: int) -> str:
    if not edges:
        return "other values"
    low, high = (format_digits(edges[at], 6) if 0 <= at < len(edges) else "" for at in (place - 1, place))
    return f"{low} to {high}" if low and high else f"{low} or more" if low else f"below {high}"


def _texts(codes: np.ndarray, vocabulary: list[str]) -> Iterator[_ValuePart]:
    """Yield the most frequent texts, and together those that are rarer or shared by fewer than `SHARED` rows."""
    counts = np.bincount(codes.astype(int), minlength=len(vocabulary))
    order = np.argsort(-counts, kind="stable")
    frequent = [code for code in order[:_MAX_PARTS] if counts[code] >= SHARED]
    for code in frequent:
        yield _ValuePart(None, None, vocabulary[code], codes == code)
    rest = ~np.isin(codes, frequent)
    if rest.any():
        number = len(np.unique(codes[rest]))
        yield _ValuePart(None, None, f"{number} other{'s' * (number > 1)}", rest)


def _local_lines(explanation: Explanation, examples: Examples, masker: Masker) -> Iterator[TableLine]:
    """Yield a line for each of the most important features of each example row, then one for all its others."""
    attributions = explanation.attributions
    for case, example in enumerate(examples.rows()):
        place = example.place
        start = examples.cells(
            case, example, float(attributions.base[place]), float(attributions.outputs[place])
        )
        values = attributions.values[place]
        errors = attributions.errors[place]
        order = np.argsort(-np.abs(values), kind="stable")
        for feature in order[:_MAX_FEATURES_OF_ROW]:
            name = explanation.columns[feature].name
            text = masker.text(name, explanation.value(place, feature))
            yield (*start, name, text, float(values[feature]), float(errors[feature]))
        rest = order[_MAX_FEATURES_OF_ROW:]
        if len(rest):
            error = float(np.sqrt((errors[rest] ** 2).sum()))
            name = f"{len(rest)} other feature{'s' * (len(rest) > 1)}"
            yield (*start, name, "", float(values[rest].sum()), error)
