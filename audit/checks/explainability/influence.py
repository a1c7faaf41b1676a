"""Influence of rows, and of reference rows, on the share of a protected attribute."""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from audit.checks.explainability.explanation import Explanation
from audit.stats.influence import Influence
from audit.subject.subject import Subject


def protected_influence(subject: Subject, explanation: Explanation, columns: Container[str]) -> Influence:
    """Return the influence of each row on the ``protected_share`` of ``columns``, to first order."""
    features = [place for place, column in enumerate(explanation.columns) if column.name in columns]
    magnitudes = explanation.magnitudes[:, features].sum(1)
    total = explanation.mean(explanation.total_magnitudes)
    share = np.divide(explanation.mean(magnitudes), total)
    row_weights = explanation.partition.weights
    weights = np.ones(len(magnitudes)) if row_weights is None else row_weights
    values = np.zeros(subject.rows)
    deviations = magnitudes - share * explanation.total_magnitudes
    values[explanation.rows] = weights * deviations / total / weights.sum()
    by_reference = explanation.attributions.by_reference
    reference_values = (by_reference[:, features].sum(1) - share * by_reference.sum(1)) / total
    return Influence(values, (reference_values - reference_values.mean()) / len(reference_values))
