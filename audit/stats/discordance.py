"""Discordant rows of two models' decisions, as effective counts under weights and clusters."""

import numpy as np

from audit.stats.effective_size import divided
from audit.stats.group_rates import rates


def discordant_rows(
    candidate: np.ndarray, baseline: np.ndarray, weights: np.ndarray | None, clusters: np.ndarray | None
) -> list[float]:
    """Return [events of the candidate only, events of the baseline only, rows] of the same rows (bool, one a row).

    Weights may go with disagreement: the effective number of rows is the smallest of those by which either share, and
    their difference, have their linearized variances. A share of 0 has no variance to see, and a say only if both are.
    """
    one_group = np.zeros(len(candidate), np.int64)
    only = candidate & ~baseline, baseline & ~candidate
    shares = [rates(event, one_group, 1, weights, clusters) for event in only]
    value = [float(np.nan_to_num(share.value[0])) for share in shares]
    trials = [float(share.trials[0]) for share in shares]
    sizes = [size for size, share in zip(trials, value, strict=True) if share > 0.0] or trials
    if any(value) and not (weights is None and clusters is None):
        sizes.append(_size_of_difference(*only, value[0] - value[1], sum(value), weights, clusters))
    rows = min(sizes)
    return [share * rows for share in value] + [rows]


def _size_of_difference(
    candidate_only: np.ndarray, baseline_only: np.ndarray, difference: float, discordance: float,
    weights: np.ndarray | None, clusters: np.ndarray | None,
) -> float:  # fmt: skip
    """Return how many rows of these shares have the linearized variance of their difference."""
    w = np.ones(len(candidate_only)) if weights is None else weights
    deviation = w * (candidate_only.astype(float) - baseline_only - difference)
    if clusters is not None:
        deviation = np.bincount(clusters, deviation)
    size = float(divided(np.asarray((discordance - difference**2) * w.sum() ** 2), deviation @ deviation))
    return size if 0.0 < size < np.inf else np.inf
