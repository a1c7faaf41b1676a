"""Which rows, and which reference rows, move the share of a protected attribute."""

from __future__ import annotations

import numpy as np

from audit.checks.explainability.explanation import Explained
from audit.checks.explainability.protected_columns import Found
from audit.result import Measurement
from audit.stats.influence import Influence
from audit.subject.subject import Subject

_KEY = "explainability"


def keep(subject: Subject, explained: Explained, protected: Found) -> None:
    """Keep what a later `protected_trace` needs."""
    subject.kept[_KEY] = explained, protected


def protected_trace(subject: Subject, found: Measurement) -> Influence | None:
    """Return what each row moves a ``protected_share`` by, to first order; None for another metric."""
    kept = subject.kept.get(_KEY)
    if not found.metric.endswith(".protected_share") or not isinstance(kept, tuple):
        return None
    explained, protected = kept
    columns = protected[found.where["attribute"]]
    own = [place for place, column in enumerate(explained.columns) if column.name in columns]
    part, by_reference, rows = explained.size[:, own].sum(1), explained.found.by_reference, explained.weighted
    total = rows.mean(explained.total)[0]
    share = rows.mean(part)[0] / total
    weights = np.ones(len(part)) if rows.weights is None else rows.weights
    values = np.zeros(subject.rows)
    values[explained.rows] = weights * (part - share * explained.total) / total / weights.sum()
    drawn = (by_reference[:, own].sum(1) - share * by_reference.sum(1)) / total
    return Influence(values, (drawn - drawn.mean()) / len(drawn))
