"""Features in which a row differs from a reference: the others add exactly 0 to its output, whatever the function.

A pair of a row and a reference that agree in a feature has the same output with and without it in any coalition. So
coalitions are those of the differing features alone, and pairs of as many differing features are evaluated together.
"""

import hashlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

_MAX_SORTED_BYTES = 4096
"""Wider lines, as those of an image, are compared by digest: to sort them would copy all of them twice."""


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
    if width > _MAX_SORTED_BYTES:
        digests = [hashlib.blake2b(line).digest() for line in lines]
        number = {digest: code for code, digest in enumerate(dict.fromkeys(digests))}
        return np.array([number[digest] for digest in digests], np.int32)
    kind = np.dtype(f"u{width}") if width in (4, 8) else np.dtype((np.void, width))
    _, code = np.unique(lines.view(kind).ravel(), return_inverse=True)
    return code.astype(np.int32)


class Bucket(NamedTuple):
    """Pairs with equally many differing features: this number, and where pairs and their entries are among all."""

    length: int
    pairs: slice
    entries: slice


class SortedPairs(NamedTuple):
    """Pairs of a row and a reference, sorted by their numbers of differing features. An entry is one such feature.

    Attributes:
        order: (pairs,) int, each pair's index before it was sorted.
        lengths: (pairs,) int, numbers of differing features, ascending.
        features: (entries,) int, the differing features of each pair in turn.
    """

    order: np.ndarray
    lengths: np.ndarray
    features: np.ndarray

    @classmethod
    def of(cls, differing: np.ndarray) -> "SortedPairs":
        """Sort pairs, (pairs, features) bool."""
        lengths = np.ascontiguousarray(differing.T).sum(axis=0, dtype=np.uint16)
        order = np.argsort(lengths, kind="stable")
        features = np.flatnonzero(differing[order]) % differing.shape[1]
        return cls(order, lengths[order].astype(np.int64), features)

    def buckets(self, max_pairs: Callable[[int], int]) -> Iterator[Bucket]:
        """Yield the pairs of each number of differing features but 0, ``max_pairs`` of it at a time."""
        last = np.cumsum(np.bincount(self.lengths)).tolist()
        entry = 0
        for length, (first, stop) in enumerate(pairwise(last), 1):
            step = max_pairs(length)
            for start in range(first, stop, step):
                end = min(start + step, stop)
                entries = slice(entry, entry + length * (end - start))
                entry = entries.stop
                yield Bucket(length, slice(start, end), entries)

    def entries(self, values: np.ndarray) -> np.ndarray:
        """Return a value of each sorted pair (pairs,) for each of its entries (entries,)."""
        return np.repeat(values, self.lengths)


def by_column(values: np.ndarray, features: np.ndarray, feature_of_column: np.ndarray) -> np.ndarray:
    """Return values of differing features, both (pairs, length), for all columns: 0 where they do not differ.

    Args:
        values: of the features.
        features: indices of the features.
        feature_of_column: (columns,) int.
    """
    count = int(feature_of_column.max()) + 1
    places = np.zeros(len(values) * count, values.dtype)
    places[(np.arange(len(values))[:, None] * count + features).ravel()] = values.ravel()
    table = places.reshape(-1, count)
    return table if np.array_equal(feature_of_column, np.arange(count)) else table[:, feature_of_column]
