"""Limits of the expected calibration error over bins of the score."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from audit.stats.proportions import Limits, clopper_pearson


def calibration_error(bins: Collection[Sequence[float]], tail: float) -> Limits | None:
    """Bound ``sum(n_b / N * |k_b / n_b - s_b / n_b|)`` over the bins that have rows.

    The rates of all bins are bounded at once (Bonferroni), and the sum is bounded by its extremes
    over that box: honest at any size, and wide. A bootstrap is not used: the plug-in value is
    biased upwards, most at a perfect calibration, and resampling adds the same bias again.

    Args:
        bins: (k, n, s): favourable rows, rows and sum of predicted probabilities of each bin.
        tail: error on each side, in (0, 0.5).

    Returns:
        The error and its limits, in [0, 1]; None if no bin has rows.
    """
    filled = np.asarray([row for row in bins if row[1] > 0], dtype=np.float64).reshape(-1, 3)
    if not len(filled):
        return None
    favorable, rows, scores = filled.T
    rate = clopper_pearson(favorable, rows, tail / len(filled))
    share, predicted = rows / rows.sum(), scores / rows
    nearest = np.maximum(np.maximum(rate.low - predicted, predicted - rate.high), 0.0)
    farthest = np.maximum(predicted - rate.low, rate.high - predicted)
    gap = np.abs(rate.estimate - predicted)
    return Limits(share @ gap, share @ nearest, share @ farthest)
