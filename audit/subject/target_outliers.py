"""Screening of a regression's R²: few rows with extreme labels may decide it alone."""

from collections.abc import Iterator

import numpy as np

from audit.subject.predictions import Regressed

_MAX_SHARE = 0.05
_MIN_VARIANCE = 0.9
"""Share of the label's variance that a `_MAX_SHARE` of the rows has to carry; of a normal label it is 0.28."""


def outlier_warnings(scores: Regressed, weights: np.ndarray | None) -> Iterator[str]:
    """Yield a warning if a twentieth of the rows carries the label's variance, and R² without them is not above 0.

    Args:
        scores: predictions and targets of all rows.
        weights: row weights, or None.
    """
    weight = np.ones(len(scores.target)) if weights is None else weights
    squares = weight * (scores.target - np.average(scores.target, weights=weight)) ** 2
    extreme = np.zeros(len(squares), bool)
    extreme[np.argsort(-squares, kind="stable")[: int(_MAX_SHARE * len(squares))]] = True
    share = squares[extreme].sum() / squares.sum()
    if not share > _MIN_VARIANCE:
        return
    r2 = _r2(scores, weight)
    without = _r2(scores.take(~extreme), weight[~extreme])
    if r2 > 0 >= without:
        yield (
            f"R² is {r2:.3f} and, without the {int(extreme.sum()):,} of {len(squares):,} rows whose labels are "
            f"furthest from the mean, {without:.3f}: these rows carry {share:.1%} of the label's variance"
        )


def _r2(scores: Regressed, weight: np.ndarray) -> float:
    """Return the weighted coefficient of determination; minus infinity where the label does not vary."""
    mean = np.average(scores.target, weights=weight)
    total = weight @ (scores.target - mean) ** 2
    error = weight @ (scores.target - scores.prediction) ** 2
    return float(1 - error / total) if total else float("-inf")
