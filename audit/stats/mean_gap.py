"""Difference of two groups' means in standard deviations of another number, with its standard error."""

from dataclasses import dataclass

import numpy as np

from audit.stats.group_estimates import Partition


@dataclass(frozen=True)
class MeanGap:
    """A difference of means, the first side minus the second, and each row's influence on it.

    ``rows`` and ``weights`` are the counts and total weights of both sides, ``sizes`` their effective rows.
    ``deviation`` is the standard deviation that is the unit, estimated from the same rows. ``error`` is the standard
    error by the delta method, NaN if unknown. Rows' weights are not part of ``influence``.
    """

    value: float
    influence: np.ndarray
    error: float
    rows: list[int]
    weights: tuple[float, float]
    sizes: np.ndarray
    deviation: float


def mean_gap(
    values: np.ndarray,
    scale: np.ndarray,
    side: np.ndarray,
    weights: np.ndarray | None,
    clusters: np.ndarray | None,
) -> MeanGap:
    """Return the difference of the means of ``values`` in standard deviations of ``scale``.

    Args:
        values: float64 ``(rows,)``.
        scale: float64 ``(rows,)``; its standard deviation over all rows is the unit.
        side: 0 for the rows of the first side, 1 for those of the second, 2 for all others.
        weights: row weights.
        clusters: cluster codes.
    """
    sides = Partition(side, 3, weights, clusters)
    everyone = Partition(np.zeros(len(side), np.int64), 1, weights, clusters)
    means = sides.mean(values)
    squares = (scale - everyone.mean(scale)[0]) ** 2
    variance = everyone.mean(squares)[0]
    value = (means[0] - means[1]) / np.sqrt(variance)
    total = sides.total()
    with np.errstate(invalid="ignore"):  # there may be no row but those of both sides
        sizes = sides.effective_rows()
    # to the mean over all rows, with Bessel's correction of each side
    factor = np.array([1.0, -1.0]) * total.sum() / total[:2] * np.sqrt(sizes[:2] / (sizes[:2] - 1.0))
    of_side = np.append(factor, 0.0)[side] * (values - np.nan_to_num(means)[side])
    influence = of_side / np.sqrt(variance) - value * (squares / variance - 1.0) / 2.0
    return MeanGap(
        value=float(value),
        influence=influence,
        error=float(everyone.standard_error(influence)[0]),
        rows=np.bincount(side, minlength=3)[:2].tolist(),
        weights=(float(total[0]), float(total[1])),
        sizes=sizes[:2],
        deviation=float(np.sqrt(variance)),
    )
