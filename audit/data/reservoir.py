"""Reservoir sampling: a uniform sample of rows from a stream of unknown length, in memory of the sample."""

from typing import NamedTuple

import numpy as np


class Slots(NamedTuple):
    """Indices of places (slots) in a reservoir's sample, and the numbers of the rows that occupy them."""

    slots: np.ndarray
    rows: np.ndarray


class Reservoir:
    """A uniform sample of a stream: the rows with the smallest of one random key each (Fan, Muller and Rezucha 1962).

    The sample depends on the seed and the order of rows, not on the batches.

    Args:
        size: the maximal number of rows in the sample.
        seed: the seed of the keys.
    """

    def __init__(self, size: int, seed: int) -> None:
        self._random = np.random.Generator(np.random.Philox(seed))
        self._keys = np.full(size, np.inf)
        self._rows = np.zeros(size, np.int64)
        self._streamed = 0

    def take(self, rows: int) -> Slots:
        """Sample from the next ``rows`` rows; return the slots that change, and the rows of this batch in them."""
        size = len(self._keys)
        keys = self._random.random(rows)
        smallest = np.argpartition(np.concatenate([self._keys, keys]), size - 1)[:size]
        new_rows = np.sort(smallest[smallest >= size]) - size
        slots = np.setdiff1d(np.arange(size), smallest, assume_unique=True)
        self._keys[slots] = keys[new_rows]
        self._rows[slots] = self._streamed + new_rows
        self._streamed += rows
        return Slots(slots, new_rows)

    def order(self) -> Slots:
        """Return the slots in use, in the order of the stream, and the numbers of their rows in it, from 0."""
        used = np.flatnonzero(np.isfinite(self._keys))
        slots = used[np.argsort(self._rows[used])]
        return Slots(slots, self._rows[slots])

    def keys(self, slots: np.ndarray) -> np.ndarray:
        """Return the random keys, in [0, 1), by which the rows in ``slots`` were drawn."""
        return np.asarray(self._keys[slots])
