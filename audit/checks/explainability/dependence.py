"""How a feature's SHAP values follow its values: over ranges of a number that many rows share, or over each text."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.checks.explainability.explanation import Explained
from audit.data.shared_ranges import SHARED, digits
from audit.result import Scalar

_CURVES, _STEPS = 8, 12
_QUANTILES = (10, 90)
_DIGITS = range(2, 7)

Part = tuple[str, float | None, float | None, np.ndarray]
"""A label, both ends (None of texts), and which rows lie inside, bool ``(rows,)``."""


def dependence(explained: Explained) -> Iterator[tuple[Scalar | None, ...]]:
    """Yield for each part of a feature's values its ends, its rows, and the mean and spread of their SHAP values."""
    for feature in explained.order[:_CURVES]:
        column, values = explained.columns[feature], explained.matrix[:, feature]
        parts = _ranges(values) if column.vocabulary is None else _words(values, column.vocabulary)
        for label, low, high, inside in parts:
            found = explained.found.values[inside, feature]
            spread = [float(end) for end in np.percentile(found, _QUANTILES)]
            yield column.name, label, low, high, int(inside.sum()), float(found.mean()), *spread


def _ranges(values: np.ndarray) -> Iterator[Part]:
    """Yield numbers that make up a twelfth of the rows by themselves, and ranges of the others, in order.

    Ranges hold about equally many rows, as far as ties and rounded ends let them. No end is the least or the
    greatest value, which may belong to one person: about `SHARED` rows lie at the outer ones or beyond.
    """
    distinct, counts = np.unique(values, return_counts=True)
    common = distinct[counts >= max(SHARED, len(values) / _STEPS)]
    other = ~np.isin(values, common)
    parts = [(float(v), float(v), digits(v, 6), values == v) for v in common]
    if other.any():
        low, high, *inner = _rounded([*_outer(values), *_inner(values[other], _STEPS - len(common))])
        edges = sorted(set(inner))
        place = np.searchsorted(edges, values, side="right")
        ends = [min([low, *edges]), *edges, max([high, *edges])]
        inside = ((i, other & (place == i)) for i in range(len(edges) + 1))
        parts += [(ends[i], ends[i + 1], _called(edges, i), rows) for i, rows in inside if rows.any()]
    for start, end, label, rows in sorted(parts, key=lambda part: part[:2]):
        yield label, start, end, rows


def _outer(values: np.ndarray) -> tuple[float, float]:
    """Return the value with `SHARED` rows at or below it, and that with as many at or above; of few, the middle."""
    ordered, place = np.sort(values), min(SHARED, (len(values) + 1) // 2) - 1
    return float(ordered[place]), float(ordered[len(values) - 1 - place])


def _inner(values: np.ndarray, most: int) -> list[float]:
    """Return what cuts ``values`` into at most ``most`` ranges of equally many, at least `SHARED` where there are."""
    steps = max(1, min(most, len(values) // SHARED))
    cuts = np.quantile(values, np.arange(1, steps) / steps, method="lower")
    return [float(cut) for cut in np.unique(cuts) if cut > values.min()]


def _rounded(ends: list[float]) -> list[float]:
    """Round to as few significant digits as tell the ends apart, two at least."""
    for count in _DIGITS:
        rounded = [float(digits(end, count)) for end in ends]
        if len(set(rounded)) == len(set(ends)):
            break
    return rounded


def _called(edges: list[float], place: int) -> str:
    if not edges:
        return "other values"
    low, high = (digits(edges[at], 6) if 0 <= at < len(edges) else "" for at in (place - 1, place))
    return f"{low} to {high}" if low and high else f"{low} or more" if low else f"below {high}"


def _words(codes: np.ndarray, vocabulary: list[str]) -> Iterator[Part]:
    """Yield the most frequent texts, and together those that are rarer or shared by fewer than `SHARED` rows."""
    counts = np.bincount(codes.astype(int), minlength=len(vocabulary))
    order = np.argsort(-counts, kind="stable")
    shown = [code for code in order[:_STEPS] if counts[code] >= SHARED]
    for code in shown:
        yield vocabulary[code], None, None, codes == code
    rest = ~np.isin(codes, shown)
    if rest.any():
        number = len(np.unique(codes[rest]))
        yield f"{number} other{'s' * (number > 1)}", None, None, rest
