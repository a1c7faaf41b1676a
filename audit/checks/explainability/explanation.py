"""Sampled rows with their SHAP values: what the explainability check measures on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from audit.attribution import Attributions, attribute
from audit.check import Skip
from audit.checks.explainability.explained_output import Output, explained_output
from audit.inputs.features import Column
from audit.stats.group_estimates import Partition
from audit.subject.subject import Subject


@dataclass(frozen=True)
class Explained:
    """SHAP values of sampled rows.

    ``rows`` are their numbers in the data, from 0; ``matrix`` and ``references`` hold rows in the features' columns.
    ``value`` maps such a matrix to the explained output, float64 ``(rows,)``, whose unit is ``unit``. ``weighted``
    carries the rows' weights and clusters.
    """

    columns: list[Column]
    rows: np.ndarray
    matrix: np.ndarray
    references: np.ndarray
    found: Attributions
    value: Output
    unit: str
    weighted: Partition

    @cached_property
    def size(self) -> np.ndarray:
        """Absolute SHAP values ``(rows, features)``."""
        return np.asarray(np.abs(self.found.values))

    @cached_property
    def total(self) -> np.ndarray:
        """Their sum over the features ``(rows,)``."""
        return np.asarray(self.size.sum(1))

    @cached_property
    def order(self) -> np.ndarray:
        """The features by falling mean absolute SHAP value; equal ones in the order of columns."""
        means = [float(self.weighted.mean(part)[0]) for part in self.size.T]
        return np.asarray(np.argsort(-np.asarray(means), kind="stable"))


def explain(
    subject: Subject, chosen: np.ndarray, references: np.ndarray, *, score: bool, error: float, memory: int
) -> Explained:
    """Attribute the favourable outcome's log-odds, or with ``score`` P(favourable), of sampled rows to the columns.

    Args:
        subject: the model and the data.
        chosen: indices of the rows among the sampled features.
        references: the same of the background.
        score: whether P(favourable) is explained.
        error: see `attribute`.
        memory: see `attribute`.

    Raises:
        Skip: the model's output is not finite somewhere.
    """
    features, output = subject.features, explained_output(subject, score)
    matrix, background = features.data.matrix[chosen], features.background.matrix[references]
    try:
        found = attribute(
            output.value,
            output.encode(matrix),
            output.encode(background),
            players=output.players,
            width=output.widest,
            seed=subject.seed,
            error=error,
            memory=memory,
        )
    except ValueError as reason:
        raise Skip(
            f"rows whose features are mixed with those of reference rows have no SHAP values: {reason}"
        ) from None
    rows = features.data.index[chosen]
    weighted = _weighted(subject, rows)
    return Explained(features.columns, rows, matrix, background, found, output, output.unit, weighted)


def _weighted(subject: Subject, rows: np.ndarray) -> Partition:
    parts = (None if part is None else part[rows] for part in (subject.weights, subject.clusters))
    return Partition(np.zeros(len(rows), np.int64), 1, *parts)
