"""What the pictures of the explainability check are drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from audit.attribution.rank_stability import ranks
from audit.checks.explainability.dependence import dependence
from audit.checks.explainability.example_rows import local
from audit.checks.explainability.explanation import Explained
from audit.checks.explainability.protected_columns import Found
from audit.result import Scalar, Table
from audit.subject.subject import Subject

Line = tuple[Scalar | None, ...]

_BEESWARM = ("feature", "low", "high", "rows", "value")
_DEPENDENCE = ("feature", "value", "low", "high", "rows", "mean", "p10", "p90")
_PROTECTED = ("attribute", "column", "how")
_LOCAL = (
    *("case", "why", "row", "score", "label", "predicted", "base", "output"),
    *("feature", "value", "attribution", "error"),
)
_SWARMS = 20
_BINS, _MOST_BINS = 40, 10**9
_BULK = (0.005, 0.995)
"""Quantiles of all SHAP values that `_BINS` bins span: what lies beyond gets more of the same width."""


def tables(explained: Explained, subject: Subject, found: Found) -> Iterator[Table]:
    """Yield ``beeswarm``, ``dependence``, ``protected`` and, unless the policy shows no rows, ``local``."""
    about = "SHAP values of the most important features, in bins"
    yield _table("beeswarm", about, _BEESWARM, beeswarm(explained))
    about = "SHAP values over the values of the most important features"
    yield _table("dependence", about, _DEPENDENCE, dependence(explained))
    read = [(attribute, c, how) for attribute, columns in found.items() for c, how in columns.items()]
    yield _table("protected", "columns that count for a protected attribute", _PROTECTED, read)
    if subject.policy.report.rows != "none":
        lines = local(explained, subject, subject.masker)
        yield _table("local", "rows that tell most, with their SHAP values", _LOCAL, lines)


def beeswarm(explained: Explained) -> Iterator[Line]:
    """Yield each feature's SHAP values counted in bins of one width for all, with the mean rank of its values.

    A rank goes from 0 for the least to 1 for the greatest value; None for texts and where there is one value only.
    """
    top = explained.order[:_SWARMS]
    values = explained.found.values[:, top]
    width = max(float(np.ptp(np.quantile(values, _BULK))) / _BINS, float(np.ptp(values)) / _MOST_BINS) or 1.0
    bins = np.floor(values / width).astype(int)
    for place, feature in enumerate(top):
        column, given = explained.columns[feature], explained.matrix[:, feature]
        ordered = column.vocabulary is None and np.ptp(given) > 0
        rank = (ranks(given) - 0.5) / (len(given) - 1)
        for found in np.unique(bins[:, place]):
            inside = bins[:, place] == found
            mean = round(float(rank[inside].mean()), 3) if ordered else None
            yield column.name, float(found) * width, float(found + 1) * width, int(inside.sum()), mean


def _table(name: str, about: str, columns: tuple[str, ...], lines: Iterable[Line]) -> Table:
    rows = list(lines)
    return Table(
        name=name, about=about, columns={c: [line[i] for line in rows] for i, c in enumerate(columns)}
    )
