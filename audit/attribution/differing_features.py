"""Features in which a row differs from a reference: the others add exactly 0 to its output, whatever the function.

A pair of a row and a reference that agree in a feature has the same output with and without it in any coalition. So
coalitions are those of the differing features alone, and pairs of as many differing features are evaluated together.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np


class FeatureCodes(NamedTuple):
    """Numbers for the values of features: equal where all columns of a feature have the same bits.

    Attributes:
        rows: (rows, features) int.
        background: (m, features) int.
    """

    rows: np.ndarray
    background: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray, background: np.ndarray, feature_of_column: np.ndarray) -> "FeatureCodes":
        """Number the values: 0 and -0 are two, since functions may tell them apart; a NaN equals itself."""
        both = np.concatenate([rows, background])
        features = range(int(feature_of_column.max()) + 1)
        codes = np.stack([_codes(both[:, feature_of_column == feature]) for feature in features], axis=1)
        return cls(codes[: len(rows)], codes[len(rows) :])

    def differing(self, group: np.ndarray) -> np.ndarray:
        """Return which features differ between rows of a group and every reference: (rows, m, features) bool."""
        return np.asarray(self.rows[group][:, None] != self.background)


def _codes(columns: np.ndarray) -> np.ndarray:
    """Number the distinct lines of a feature's columns, (lines, columns): (lines,)."""
    lines = np.ascontiguousarray(columns)
    width = lines.itemsize * lines.shape[1]
    kind = np.dtype(f"u{width}") if width in (4, 8) else np.dtype((np.void, width))
    _, code = np.unique(lines.view(kind).ravel(), return_inverse=True)
    return code.astype(np.int32)


class Bucket(NamedTuple):
    """Pairs with equally many differing features: their number, and the pairs' indices (pairs,)."""

    features: int
    pairs: np.ndarray


def buckets(differing: np.ndarray) -> Iterator[Bucket]:
    """Yield the pairs of each number of differing features but 0, from ``differing`` (pairs, features) bool."""
    counts = differing.sum(axis=-1, dtype=np.int32)
    order = np.argsort(counts, kind="stable")
    ends = np.cumsum(np.bincount(counts))
    for features, (start, end) in enumerate(zip(ends[:-1], ends[1:], strict=True), 1):
        if end > start:
            yield Bucket(features, order[start:end])


def spread(values: np.ndarray, differing: np.ndarray) -> np.ndarray:
    """Return values of differing features (pairs, differing) at their features' places, 0 elsewhere.

    The result has the shape of ``differing``, (pairs, features), and the values' type.
    """
    places = np.zeros(differing.shape, values.dtype)
    places[differing] = values.ravel()
    return places
