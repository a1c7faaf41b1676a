"""Which rows, and which reference rows, move the share of a protected attribute."""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from audit.checks.explainability.explanation import Explained
from audit.stats.influence import Influence
from audit.subject.subject import Subject


def protected_influence(subject: Subject, explained: Explained, columns: Container[str]) -> Influence:
    """Return the influence of each row on the ``protected_share`` of ``columns``, to first order."""
    own = [place for place, column in enumerate(explained.columns) if column.name in columns]
    part, by_reference, rows = explained.size[:, own].sum(1), explained.found.by_reference, explained.weighted
    total = rows.mean(explained.total)[0]
    share = rows.mean(part)[0] / total
    weights = np.ones(len(part)) if rows.weights is None else rows.weights
    values = np.zeros(subject.rows)
    values[explained.rows] = weights * (part - share * explained.total) / total / weights.sum()
    drawn = (by_reference[:, own].sum(1) - share * by_reference.sum(1)) / total
    return Influence(values, (drawn - drawn.mean()) / len(drawn))
