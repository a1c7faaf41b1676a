"""Sampled rows with their SHAP values: what the explainability check measures on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from audit.attribution import Attributions, attribute
from audit.check import Skip
from audit.estimates import Partition
from audit.features import Column
from audit.model.framework import graph, tensorflow
from audit.model.outcome import favorable_logit, favorable_score
from audit.subject import Subject


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
    value: Callable[[np.ndarray], np.ndarray]
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
    """Attribute the favourable outcome's log-odds, or with ``score`` P(favourable), of sampled rows.

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
    features, logits, decider = subject.features, subject.logits, subject.decider
    outcome = favorable_score if score else favorable_logit

    def value(encoded: Any) -> Any:
        return outcome(logits.graph(encoded), decider)

    matrix, background = features.data.matrix[chosen], features.background.matrix[references]
    encode, plain = (
        _graph(logits.encode, matrix.shape[1], matrix.dtype),
        _graph(value, len(logits.players), matrix.dtype),
    )
    try:
        found = attribute(
            value,
            encode(matrix).numpy(),
            encode(background).numpy(),
            players=logits.players,
            width=logits.widest,
            seed=subject.seed,
            error=error,
            memory=memory,
        )
    except ValueError as reason:
        raise Skip(
            f"rows whose features are mixed with those of reference rows have no SHAP values: {reason}"
        ) from None
    rows = features.data.index[chosen]
    return Explained(
        features.columns, rows, matrix, background, found,
        lambda given: plain(encode(given)).numpy().astype(np.float64),
        _unit(decider.head.kind, score), _weighted(subject, rows),
    )  # fmt: skip


def _graph(function: Callable[[Any], Any], columns: int, dtype: Any) -> Any:
    """Return the graph of a function of a matrix, traced once: the numbers of rows differ from call to call."""
    return graph(function, [tensorflow().TensorSpec([None, columns], dtype)])


def _unit(kind: str, score: bool) -> str:
    if kind == "regression":
        return "the prediction"
    return "the score of the favourable outcome" if score else "the log-odds of the favourable outcome"


def _weighted(subject: Subject, rows: np.ndarray) -> Partition:
    parts = (None if part is None else part[rows] for part in (subject.weights, subject.clusters))
    return Partition(np.zeros(len(rows), np.int64), 1, *parts)
