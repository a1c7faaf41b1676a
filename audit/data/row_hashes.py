"""Count of distinct rows by 64-bit hashes: duplicated rows narrow intervals and can buy a pass."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np
from pandas.util import hash_array

from audit.data.arrow_columns import Codes

_PRIME = np.uint64(0x9E3779B97F4A7C15)


def row_hashes(columns: Iterable[np.ndarray | Codes | Sequence[bytes]], rows: int) -> np.ndarray:
    """Return a hash of each row over ``columns``, uint64; equal rows have equal ones in any batch and process.

    Args:
        columns: numbers ``(rows, …)`` in one dtype over all batches, codes, or bytes.
        rows: the number of rows.
    """
    total = np.full(rows, 17, np.uint64)
    for column in columns:
        total = (total ^ _hashes(column)) * _PRIME
        total ^= total >> np.uint64(29)
    return total


def count_distinct(hashes: np.ndarray) -> int:
    """Return the number of distinct rows by their hashes (a collision in a million rows has a chance of 3e-8)."""
    ordered = np.sort(hashes)
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + (len(ordered) > 0)


def _hashes(column: np.ndarray | Codes | Sequence[bytes]) -> np.ndarray:
    if isinstance(column, Codes):
        texts = hash_array(np.array(column.vocabulary, dtype=object), categorize=False)
        return np.asarray(np.asarray(texts)[column.codes])
    if isinstance(column, np.ndarray) and column.ndim == 1 and column.dtype != object:
        return np.asarray(hash_array(column, categorize=False))
    rows = np.ascontiguousarray(column) if isinstance(column, np.ndarray) and column.ndim > 1 else column
    return np.frombuffer(b"".join(blake2b(row, digest_size=8).digest() for row in rows), np.dtype("<u8"))
