"""Ranges of values over all ways to distribute the same decisions over the rows.

Where such a range is a point, as if every row is predicted favourable, a limit on the value says nothing of the model.
"""

from dataclasses import dataclass

import numpy as np

Range = tuple[float, float]


@dataclass(frozen=True)
class DecisionTotals:
    """Weights of all rows, and of those predicted favourable."""

    total: float
    favorable: float

    @classmethod
    def of(cls, predicted: np.ndarray, weights: np.ndarray | None) -> "DecisionTotals":
        """Add up the decisions (bool, one a row)."""
        if weights is None:
            return cls(float(len(predicted)), float(np.count_nonzero(predicted)))
        return cls(float(weights.sum()), float(weights[predicted].sum()))

    @property
    def reversed(self) -> "DecisionTotals":
        """The same, with the unfavourable decisions counted."""
        return DecisionTotals(self.total, self.total - self.favorable)

    def most(self, rows: float) -> float:
        """Return the greatest weight of favourable decisions that fits on rows of a weight."""
        return min(self.favorable, rows)

    def fewest(self, rows: float) -> float:
        """Return the least weight of favourable decisions that rows of a weight get if all others are filled first."""
        return min(max(0.0, self.favorable - (self.total - rows)), rows)

    def share_range(self, rows: float) -> Range | None:
        """Return the lowest and highest share of favourable decisions among rows of a weight; None without weight."""
        return (self.fewest(rows) / rows, self.most(rows) / rows) if rows > 0 else None


def mean_gap_range(values: np.ndarray, weights: np.ndarray, sides: tuple[float, float]) -> Range:
    """Return the lowest and highest difference of two sides' means if the values are distributed anew.

    Args:
        values: one a row.
        weights: one a row; a value keeps its weight.
        sides: weights of the rows of the first and the second side, above 0.
    """
    order = np.argsort(values)
    ends = [_mean_of_first(values[o], weights[o], side) for side in sides for o in (order, order[::-1])]
    lowest, highest, other_lowest, other_highest = ends
    return lowest - other_highest, highest - other_lowest


def _mean_of_first(values: np.ndarray, weights: np.ndarray, total: float) -> float:
    """Return the mean of the first values, of a weight of ``total``; the last one counts in part."""
    before = np.concatenate([[0.0], np.cumsum(weights)[:-1]])
    used = np.clip(total - before, 0.0, weights)
    return float(used @ values / used.sum())
