"""Reduces the contributions of the pairs of draws of a group of rows to sums over each row's slots."""

import numpy as np

from audit.attribution.differing_features import SortedPairs
from audit.attribution.pass_plan import PassPlan
from audit.attribution.running_estimate import PassSums


class SampledPairs:
    """Contributions of the differing features of all pairs of draws, entry by entry.

    Args:
        pairs: the pairs, sorted; before, those of each row in turn.
        slot: (rows, pairs) int, the slot that each pair is drawn for: all slots, then those that are doubled.
        plan: plan of the pass.
        features: number of features.

    Attributes:
        means: (entries,) float64, mean of the pair's two draws, to be filled in.
        squares: (entries,) float64, squared error of this mean if the two draws were unrelated, to be filled in.
    """

    def __init__(self, pairs: SortedPairs, slot: np.ndarray, plan: PassPlan, features: int) -> None:
        self.means = np.empty(len(pairs.features))
        self.squares = np.empty(len(pairs.features))
        self._pairs = pairs
        self._slot = slot
        self._plan = plan
        self._features = features

    @property
    def row(self) -> np.ndarray:
        """(pairs,) int, each sorted pair's row in the group."""
        return np.asarray(self._pairs.order // self._plan.pairs)

    @property
    def reference(self) -> np.ndarray:
        """(pairs,) int, each sorted pair's reference."""
        return np.asarray(self._slot.ravel()[self._pairs.order] % self._plan.references)

    def sums(self, evaluations: int, *, is_first: bool) -> PassSums:
        """Return the sums over slots; those by reference of a first pass only."""
        rows = len(self._slot)
        doubled = self._doubled
        at = np.flatnonzero(self._pairs.entries(doubled >= 0))
        pair_squares = 0.5 * np.bincount(self._pairs.entries(self.row)[at], self.squares[at], rows)
        mean_squares = 0.5 * np.square(self._differences(doubled, at)).reshape(rows, -1).sum(axis=1)
        weights = self._pairs.entries(np.where(doubled < 0, 1.0, 0.5))  # a doubled slot is one slot, too
        weights *= self.means
        sums = self._summed(weights, self.row, rows)
        influence = (
            self._influence(weights, sums) if is_first else np.zeros((self._plan.references, self._features))
        )
        squares = self._summed(
            self._pairs.entries(np.where(doubled < 0, 1.0, 0.25)) * self.squares, self.row, rows
        )
        return PassSums(sums, squares, pair_squares, mean_squares, influence, evaluations)

    @property
    def _doubled(self) -> np.ndarray:
        """(pairs,) int, a number for the row and the doubled slot that a sorted pair belongs to; else -1."""
        rows, slots = len(self._slot), self._plan.slots
        numbers = np.full(self._slot.shape, -1)
        numbers[:, slots:] = np.arange(rows * self._plan.doubled).reshape(rows, -1)
        numbers[np.arange(rows)[:, None], self._slot[:, slots:]] = numbers[:, slots:]
        return np.asarray(numbers.ravel()[self._pairs.order])

    def _differences(self, doubled: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Return the first pair's mean minus the second one's: (doubled slots of all rows, features)."""
        is_first = self._pairs.order % self._plan.pairs < self._plan.slots
        signs = self._pairs.entries(np.where(is_first, 1.0, -1.0))[at]
        place = self._pairs.entries(doubled * self._features)[at] + self._pairs.features[at]
        count = len(self._slot) * self._plan.doubled * self._features
        return np.bincount(place, signs * self.means[at], count).reshape(-1, self._features)

    def _influence(self, weighted: np.ndarray, sums: np.ndarray) -> np.ndarray:
        """Return the contributions (entries,), with the signs of the rows' sums, by reference: (m, features)."""
        signed = np.sign(sums)[self._pairs.entries(self.row), self._pairs.features]
        signed *= weighted
        turns = self._plan.slots // self._plan.references
        return self._summed(signed, self.reference, self._plan.references) / turns

    def _summed(self, values: np.ndarray, line_of_pair: np.ndarray, lines: int) -> np.ndarray:
        """Sum the values of entries by the line of their pair and their feature: (lines, features)."""
        place = self._pairs.entries(line_of_pair * self._features)
        place += self._pairs.features
        sums = np.bincount(place, values, lines * self._features)
        return sums.astype(np.float64, copy=False).reshape(
            lines, -1
        )  # without entries they are whole numbers
