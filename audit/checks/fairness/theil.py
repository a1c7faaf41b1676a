"""AIF360's Theil index, from the counts of the three benefits."""

from __future__ import annotations

import numpy as np

from audit.result import Measurement
from audit.stats.group_estimates import Partition


def theil_index(label: np.ndarray, predicted: np.ndarray, clusters: np.ndarray | None) -> Measurement:
    """Return the Theil index of the benefit b = prediction - label + 1, the mean of (b / mean b) ln(b / mean b).

    AIF360's own ignores weights, so that a weighted table of counts does not do, and so does this one. The
    standard error is that of the delta method.

    Args:
        label: bool, one a row; True is the favourable outcome.
        predicted: bool, one a row.
        clusters: cluster codes, or None for independent rows.
    """
    value, influence = _index(label, predicted)
    rows = Partition(np.zeros(len(label), np.int64), 1, None, clusters)
    (error,), (skewness,) = rows.moments(influence)
    size = float(rows.effective_rows()[0])
    return Measurement(
        metric="fairness.theil_index",
        value=value,
        n=len(label),
        method="mean-skewed",
        se=float(error),
        counts={"rows": [size], "cubes": [float(skewness) * size, size]},
    )


def theil_influence(label: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return what each row moves `theil_index` by, to first order: float64, one a row, with a mean of 0."""
    return _index(label, predicted)[1]


def _index(label: np.ndarray, predicted: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the index and the influence of each row."""
    benefit = predicted.astype(np.int8) - label + 1
    share = np.array([np.count_nonzero(benefit == size) for size in range(3)], float) / len(benefit)
    size, entropy = np.arange(3.0), np.array([0.0, 0.0, 2 * np.log(2.0)])  # b, and b ln b
    mean, total = share @ size, share @ entropy
    with np.errstate(divide="ignore", invalid="ignore"):
        value = total / mean - np.log(mean)
        influence = (entropy - total) / mean - (size - mean) * (total / mean**2 + 1 / mean)
    return float(value), np.asarray(influence[benefit])
