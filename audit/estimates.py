"""Means and AUC with standard errors, under row weights and clusters."""

from __future__ import annotations

import numpy as np


def effective_size(rows: int, weights: np.ndarray | None, clusters: np.ndarray | None) -> float:
    """Return the number of independent observations: clusters, else Kish's (sum w)² / sum w², else rows."""
    if clusters is not None:
        return float(np.unique(clusters).size)
    return float(rows) if weights is None else float(weights.sum() ** 2 / (weights**2).sum())


def mean(values: np.ndarray, weights: np.ndarray | None, clusters: np.ndarray | None) -> tuple[float, float]:
    """Return the (weighted) mean of ``values`` and its standard error (NaN for a single observation)."""
    value = float(np.average(values, weights=weights))
    return value, standard_error(values - value, weights, clusters)


def standard_error(influence: np.ndarray, weights: np.ndarray | None, clusters: np.ndarray | None) -> float:
    """Return the standard error of a mean whose rows have these influences (mean zero).

    With clusters it is the linearized between-cluster estimate, as surveys use it.
    """
    part = influence if weights is None else influence * weights
    total = len(influence) if weights is None else weights.sum()
    return float(np.sqrt(_between(part, clusters))) / float(total)


def auc(
    label: np.ndarray, score: np.ndarray, weights: np.ndarray | None, clusters: np.ndarray | None
) -> tuple[float, float]:
    """Return the area under the ROC curve and DeLong's standard error.

    Args:
        label: bool, ``(rows,)``; True is the positive class.
        score: ``(rows,)``; ties count half.
        weights: row weights; each placement value is weighted by its row.
        clusters: cluster codes; the variance is then that between clusters (Obuchowski 1997).

    Returns:
        The area in [0, 1] and its standard error; NaN where a class has no weight or a single row.
    """
    w = np.ones(len(label)) if weights is None else weights
    _, rank = np.unique(score, return_inverse=True)
    positive, negative = np.bincount(rank, w * label), np.bincount(rank, w * ~label)
    plus, minus = positive.sum(), negative.sum()
    if not (plus and minus):
        return float("nan"), float("nan")
    below = (np.cumsum(negative) - negative / 2) / minus
    above = 1 - (np.cumsum(positive) - positive / 2) / plus
    value = float(positive @ below / plus)
    influence = w * np.where(label, (below[rank] - value) / plus, (above[rank] - value) / minus)
    if clusters is not None:
        return value, float(np.sqrt(_between(influence, clusters)))
    return value, float(np.sqrt(_between(influence[label], None) + _between(influence[~label], None)))


def _between(influence: np.ndarray, clusters: np.ndarray | None) -> float:
    """Return the variance of a sum of independent parts: rows, or the sums of clusters."""
    parts = influence
    if clusters is not None:
        _, member = np.unique(clusters, return_inverse=True)
        parts = np.bincount(member, influence)
    number = len(parts)
    return float(parts @ parts) * number / (number - 1) if number > 1 else float("nan")
