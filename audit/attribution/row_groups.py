"""Groups of rows that are computed together, whichever process does it."""

from typing import NamedTuple

import numpy as np

CONCURRENT_GROUPS = 3
"""While TensorFlow masks on one core, and numpy draws and sums on one, a model computes."""
_CALLS_OF_GROUP = 6
"""Calls that a group may fill: pairs of each number of differing features have their own, and small ones are slow."""
_LARGE_CALL = 2**16
"""Masks of a call from which on a group may fill all of them."""


def rows_per_group(masks_of_row: int, masks_of_call: int) -> int:
    """Return how many rows, of at most ``masks_of_row`` masks each, are a group.

    A function of which memory holds few rows takes long for a call: its groups are small, so that there are enough of
    them for many workers.
    """
    calls = min(_CALLS_OF_GROUP, max(1, _CALLS_OF_GROUP * masks_of_call // _LARGE_CALL))
    return max(1, calls * masks_of_call // max(1, masks_of_row))


class RowGroup(NamedTuple):
    """Rows that one call of a sampler computes together: their indices, and the pass that each is at, both (rows,)."""

    rows: np.ndarray
    passes: np.ndarray

    def __str__(self) -> str:
        return f"{len(self.rows):,} explained rows from {self.rows[0] + 1:,} on"


def row_groups(rows: np.ndarray, passes: np.ndarray, size: int) -> list[RowGroup]:
    """Divide indices of rows into groups of at most ``size`` and about as many each; ``passes`` are those of all."""
    return [RowGroup(group, passes[group]) for group in np.array_split(rows, -(-len(rows) // size))]
