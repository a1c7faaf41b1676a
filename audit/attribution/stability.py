"""Rank correlations: of a feature with its SHAP values, and of the features' sizes in two halves of the rows."""

from __future__ import annotations

import numpy as np

_SPLITS = 50


def rank_stability(
    size: np.ndarray, seed: int, weights: np.ndarray | None = None, clusters: np.ndarray | None = None
) -> float:
    """Return Spearman's correlation between the features' mean sizes in two random halves, averaged over 50 splits.

    Args:
        size: absolute SHAP values ``(rows, features)``.
        seed: of the splits.
        weights: of the rows ``(rows,)``.
        clusters: int codes ``(rows,)``; rows of one cluster stay in one half, or copies would agree with each other.

    Returns:
        In [-1, 1]; NaN for a single feature, or fewer than two rows or clusters.
    """
    own = np.arange(len(size)) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    rng, number = np.random.default_rng([seed, 3]), int(own.max()) + 1
    if size.shape[1] < 2 or number < 2:
        return float("nan")
    sums = size if weights is None else size * weights[:, None]  # ranks of sums are ranks of means
    halves = (rng.permutation(number)[own] < number // 2 for _ in range(_SPLITS))
    return float(np.mean([spearman(sums[half].sum(0), sums[~half].sum(0)) for half in halves]))


def spearman(left: np.ndarray, right: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return Spearman's rank correlation, ties averaged; NaN where a side has one value only.

    With ``weights``, whole ones count as repeated rows.
    """
    w = np.ones(len(left)) if weights is None else weights
    both = [ranks(side, w) for side in (left, right)]
    if any(np.ptp(side) == 0 for side in both):
        return float("nan")
    x, y = (side - np.average(side, weights=w) for side in both)
    return float(np.clip((w * x * y).sum() / np.sqrt((w * x**2).sum() * (w * y**2).sum()), -1, 1))


def ranks(values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return for each value the weight of all lower values and half that of its equals: 0.5, 1.5, 2.5 without ties."""
    place = np.unique(values, return_inverse=True)[1]
    weight = np.bincount(place, weights).astype(float)
    return np.asarray((np.cumsum(weight) - weight / 2)[place])


def settled(values: np.ndarray, noise: float) -> np.ndarray:
    """Return values in whose order those that differ by rounding alone are equal.

    Args:
        values: ``(n,)``.
        noise: neighbours that are no further apart are the same.
    """
    order = np.argsort(values, kind="stable")
    levels = np.cumsum(np.diff(values[order], prepend=values[order[0]]) > noise)
    found = np.empty(len(values))
    found[order] = levels
    return found
