"""Means and AUC with standard errors, group by group, under row weights and clusters."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audit.stats.group_rates import cluster_members, cluster_size
from audit.stats.row_blocks import RowValues, code_counts, row_blocks, values_of


@dataclass(frozen=True)
class Partition:
    """Rows in groups: ``codes`` (int, one a row) below ``number``, with their weights and clusters if any."""

    codes: np.ndarray
    number: int
    weights: np.ndarray | None
    clusters: np.ndarray | None

    @classmethod
    def whole(cls, rows: int, weights: np.ndarray | None, clusters: np.ndarray | None) -> "Partition":
        """Return all rows as one group; its codes take no memory."""
        return cls(np.broadcast_to(np.uint8(0), rows), 1, weights, clusters)

    def total(self, values: RowValues | None = None) -> np.ndarray:
        """Return each group's weighted sum of ``values`` (one a row; None for ones), float64."""
        weights = self.weights
        if weights is None:
            return self._sums(values)
        if values is None:
            return self._sums(weights)
        return self._sums(lambda block: weights[block] * values_of(values, block))

    def _sums(self, values: RowValues | None) -> np.ndarray:
        if values is None:
            return code_counts(self.codes, self.number).astype(float)
        total = np.zeros(self.number)
        for block in row_blocks(len(self.codes)):
            total += self._sums_of_block(self.codes[block], values_of(values, block))
        return total

    def _sums_of_block(self, codes: np.ndarray, values: np.ndarray) -> np.ndarray:
        if self.number == 1:  # the whole table: a plain sum is twenty times as fast
            return np.array([values.sum()], float)
        return np.bincount(codes, values, self.number)

    def mean(self, values: RowValues) -> np.ndarray:
        """Return each group's weighted mean."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.total(values) / self.total())

    def standard_error(self, influence: RowValues) -> np.ndarray:
        """Return each group's standard error of a mean whose rows have these influences (mean zero in each).

        Independent rows, or with clusters the linearized estimate of surveys; NaN for a single one.
        """
        return self.moments(influence)[0]

    def moments(self, influence: RowValues) -> tuple[np.ndarray, np.ndarray]:
        """Return `standard_error`, and the skewness of the observations behind it: rows, or clusters.

        A mean under unequal weights is as skewed as one of `effective_rows` equal rows of this skewness. 0 without a
        spread.
        """
        number = np.zeros(self.number)
        square = np.zeros(self.number)
        cube = np.zeros(self.number)
        for owner, observations in self._observations(influence):
            squares = observations * observations
            number += np.bincount(owner, minlength=self.number)
            square += np.bincount(owner, squares, self.number)
            cube += np.bincount(owner, squares * observations, self.number)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.sqrt(square * number / (number - 1)) / self.total()
            skewness = cube / square**1.5 * np.sqrt(self.effective_rows())
        return np.asarray(error), np.nan_to_num(skewness, posinf=0.0, neginf=0.0)

    def _observations(self, influence: RowValues) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield groups and weighted influences of independent observations: of blocks of rows, or of all clusters."""
        if self.clusters is not None:
            owner, member = cluster_members(self.codes, self.clusters)
            values = values_of(influence, slice(None))
            weighted = values if self.weights is None else self.weights * values
            yield owner, np.bincount(member, weighted, len(owner))
            return
        for block in row_blocks(len(self.codes)):
            values = values_of(influence, block)
            yield self.codes[block], values if self.weights is None else self.weights[block] * values

    def smallest(self, values: RowValues) -> np.ndarray:
        """Return each group's least of ``values`` (one a row); infinity for an empty group."""
        smallest = np.full(self.number, np.inf)
        for block in row_blocks(len(self.codes)):
            if self.number == 1:
                smallest = np.minimum(smallest, values_of(values, block).min(initial=np.inf))
            else:
                np.minimum.at(smallest, self.codes[block], values_of(values, block))
        return smallest

    def effective_rows(self) -> np.ndarray:
        """Return each group's number of independent observations: clusters, or Kish's size, or rows."""
        if self.clusters is not None:
            return cluster_size(self.codes, self.number, self.weights, self.clusters)
        if self.weights is None:
            return self.total()
        return np.asarray(self.total() ** 2 / self._sums(self.weights**2))


def auc(
    label: np.ndarray, score: np.ndarray, weights: np.ndarray | None, clusters: np.ndarray | None
) -> tuple[float, float]:
    """Return the area under the ROC curve and DeLong's standard error.

    Args:
        label: bool, ``(rows,)``; True is the positive class.
        score: ``(rows,)``, sorted upwards; ties count half.
        weights: row weights; each placement value is weighted by its row.
        clusters: cluster codes; the variance is then that between clusters (Obuchowski 1997).

    Returns:
        The area in [0, 1] and its standard error; NaN where a class has no weight or a single row.
    """
    w = None if weights is None else np.asarray(weights, float)
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)  # of each run of equal scores
    rows = np.diff(last, prepend=-1)
    plus, minus = (_runs(side if w is None else w * side, last) for side in (label, ~label))
    positive = float(plus.sum())
    negative = float(minus.sum())
    if not (positive and negative):
        return float("nan"), float("nan")
    above = 1 - _midpoints(plus) / positive  # share of positive weight above each run, ties half
    below = _midpoints(minus) / negative
    value = float(plus @ below / positive)
    if clusters is not None:
        influence = np.where(
            label, np.repeat(below - value, rows) / positive, np.repeat(above - value, rows) / negative
        )
        weighted = influence if w is None else w * influence
        owner, member = cluster_members(np.zeros(len(label), np.int64), clusters)
        squares_of_sums = np.bincount(member, weighted) ** 2
        return value, float(np.sqrt(np.bincount(owner, squares_of_sums)[0] * _unbiased(len(owner))))
    squares = (plus, minus) if w is None else (_runs(w * w * side, last) for side in (label, ~label))
    sides = ((below, positive, label.sum()), (above, negative, (~label).sum()))
    variance = 0.0
    for square, (placement, total, number) in zip(squares, sides, strict=True):
        variance += float(square @ (placement - value) ** 2) / total**2 * _unbiased(int(number))
    return value, float(np.sqrt(variance))


def _runs(values: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return the sum of ``values`` over each run that ends at ``last``."""
    return np.diff(np.cumsum(values)[last], prepend=0)


def _midpoints(weight: np.ndarray) -> np.ndarray:
    """Return for each run the weight of all lower runs plus half of its own."""
    return np.asarray(np.cumsum(weight) - weight / 2)


def _unbiased(rows: int) -> float:
    return rows / (rows - 1) if rows > 1 else float("nan")
