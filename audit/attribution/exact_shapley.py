"""SHAP values from all coalitions of the features in which a row differs from a reference: without sampling.

Source: Shapley's formula, as in Lundberg and Lee, Advances in Neural Information Processing Systems 30 (2017),
equation 4.
"""

from math import factorial
from typing import NamedTuple

import numpy as np

from audit.attribution.coalitions import MaskedFunction
from audit.attribution.differing_features import FeatureCodes, SortedPairs, by_column
from audit.attribution.row_groups import CONCURRENT_GROUPS, RowGroup, row_groups, rows_per_group
from audit.attribution.running_estimate import ReferenceInfluence, ShapleyEstimate, signed_sums
from audit.execution import Backend


def coalitions_of_pair(features: int) -> int:
    """Return the number of coalitions but for the empty one and the complements: those without the last feature."""
    return max(0, (1 << max(0, features - 1)) - 1)


class ExactSums(NamedTuple):
    """Values of a group of rows.

    Attributes:
        values: (rows, features).
        influence: (m, features), as `audit.attribution.running_estimate.signed_sums`.
        evaluations: number of masked rows that the function was evaluated on.
    """

    values: np.ndarray
    influence: np.ndarray
    evaluations: int


class CoalitionEnumerator:
    """Computes the values of a group of rows; arguments as of `audit.attribution.permutation_pass.PassSampler`."""

    def __init__(self, masked: MaskedFunction, feature_of_column: np.ndarray) -> None:
        self.masked = masked
        self._codes = FeatureCodes.of(masked.rows, masked.background, feature_of_column)
        self._feature_of_column = feature_of_column

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of rows and features."""
        return self._codes.rows.shape

    def __call__(self, row_group: RowGroup) -> ExactSums:
        """Return the values of the group's rows."""
        group = row_group.rows
        differing = self._codes.differing(group)
        shape = differing.shape
        pairs = SortedPairs.of(differing.reshape(-1, shape[-1]))
        row = group[pairs.order // shape[1]].astype(np.int32)
        reference = (pairs.order % shape[1]).astype(np.int32)
        values = np.empty(len(pairs.features))
        evaluations = 0
        for length, p, e in pairs.buckets(self._pairs_of_call):
            values[e] = self._values(row[p], reference[p], pairs.features[e].reshape(-1, length)).ravel()
            evaluations += 2 * len(row[p]) * coalitions_of_pair(length)
        place = pairs.entries(pairs.order * shape[-1]) + pairs.features
        by_reference = np.bincount(place, values, differing.size).reshape(shape)
        return ExactSums(by_reference.mean(axis=1), signed_sums(by_reference), evaluations)

    def _pairs_of_call(self, length: int) -> int:
        return self.masked.pairs_of_call(coalitions_of_pair(length))

    def _values(self, row: np.ndarray, reference: np.ndarray, features: np.ndarray) -> np.ndarray:
        """Return the values of pairs with the same number of differing ``features``, both (pairs, length)."""
        length = features.shape[1]
        bits = by_column(np.broadcast_to(_bits(length), features.shape), features, self._feature_of_column)
        levels = np.arange(1, 1 + coalitions_of_pair(length), dtype=np.int32)

        def inside(pairs: slice, coalitions: slice) -> np.ndarray:
            return np.asarray(bits[pairs].reshape(1, -1) & levels[coalitions, None] != 0)

        contrasts = self.masked.contrasts(row, reference, inside, len(levels))
        empty = -self.masked.ends.contrasts(row, reference)
        return np.asarray(np.concatenate([[empty], contrasts]).T @ _weights(length))


def enumerate_coalitions(enumerator: CoalitionEnumerator, backend: Backend) -> ShapleyEstimate:
    """Compute the values of all rows: exact for these references, and without a standard error."""
    rows, features = enumerator.shape
    masked = enumerator.masked
    ends = masked.ends
    values = np.empty((rows, features))
    influence = ReferenceInfluence(ends.reference_count, features)
    size = rows_per_group(ends.reference_count * coalitions_of_pair(features), masked.masks_of_call)
    rounds = np.zeros(rows, np.int64)
    groups = row_groups(np.arange(rows), rounds, size)
    evaluations = 0
    sums_of_groups = backend.map(enumerator, groups, concurrency=CONCURRENT_GROUPS)
    for group, sums in zip(groups, sums_of_groups, strict=True):
        values[group.rows] = sums.values
        influence.add_sums(sums.influence, len(group.rows))
        evaluations += sums.evaluations
    return ShapleyEstimate(values, np.zeros_like(values), influence.by_reference, rounds, evaluations)


def _bits(features: int) -> np.ndarray:
    return np.left_shift(1, np.arange(features), dtype=np.int32)


def _weights(features: int) -> np.ndarray:
    """Return each coalition's weight in each feature's value (coalitions, features); a complement's is the negative."""
    within = np.arange(1 << (features - 1))[:, None] & _bits(features) != 0
    orders = [factorial(s) * factorial(features - 1 - s) / factorial(features) for s in range(features)]
    size = within.sum(axis=1, keepdims=True)
    weights = np.where(within, np.take(orders, size - 1, mode="clip"), -np.take(orders, size, mode="clip"))
    return np.asarray(weights)
