"""Divides rows into groups, and works on several groups at once."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

T = TypeVar("T")

_CONCURRENT_GROUPS = 3
"""While TensorFlow masks on one core, and numpy draws and sums on one, a model computes."""
_CALLS_OF_GROUP = 6
"""Calls that a group may fill: pairs of each number of differing features have their own, and small ones are slow."""


def rows_per_group(masks_of_row: int, masks_of_call: int) -> int:
    """Return how many rows, of at most ``masks_of_row`` masks each, are a group."""
    return max(1, _CALLS_OF_GROUP * masks_of_call // max(1, masks_of_row))


def row_groups(rows: np.ndarray, size: int) -> list[np.ndarray]:
    """Divide indices of rows into groups of at most ``size`` and about as many each, in their order."""
    return np.array_split(rows, -(-len(rows) // size))


def map_groups(work: Callable[..., T], *arguments: Sequence[np.ndarray]) -> Iterator[T]:
    """Yield the results of ``work`` for each group, in the order of the groups, some of them computed at once."""
    pool = ThreadPoolExecutor(_CONCURRENT_GROUPS)
    try:
        yield from pool.map(work, *arguments)
    finally:
        pool.shutdown(cancel_futures=True)  # after an error or an interrupt nobody waits for the rest
