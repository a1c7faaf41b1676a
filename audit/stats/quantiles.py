"""Quantiles of 32-bit scores, as those of the same numbers in 64 bits."""

from itertools import pairwise

import numpy as np

from audit.stats.ranks import inner_edges
from audit.stats.row_blocks import row_blocks


def quantiles(values: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return what ``np.quantile`` does of the values as float64, which are copied neither in that type nor at once.

    Args:
        values: one a row, finite.
        shares: in (0, 1).
    """
    place = shares * (len(values) - 1)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, len(values) - 1)
    at_low, at_high = _order_statistics(values, np.concatenate([low, high])).reshape(2, -1)
    beyond = place - low
    upwards = at_low + (at_high - at_low) * beyond
    return np.asarray(np.where(beyond < 0.5, upwards, at_high - (at_high - at_low) * (1 - beyond)))


def _order_statistics(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the values at some places among all, rising, as float64."""
    values_at = np.empty(len(places))
    lower = 0
    for start, end in pairwise([-np.inf, *inner_edges(values), np.inf]):
        blocks = (values[block] for block in row_blocks(len(values)))
        part = np.concatenate([block[(block >= start) & (block < end)] for block in blocks])
        inside = (places >= lower) & (places < lower + len(part))
        if inside.any():
            values_at[inside] = np.partition(part, np.unique(places[inside] - lower))[places[inside] - lower]
        lower += len(part)
    return values_at
