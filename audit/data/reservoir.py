"""Draws rows uniformly from a stream of unknown length, in memory of their number."""

from __future__ import annotations

import numpy as np


class Reservoir:
    """The rows with the smallest of one random key each (Fan, Muller and Rezucha 1962): all of them while they fit.

    The draw depends on the seed and the order of rows, not on how they are cut into batches.

    Args:
        size: how many rows are kept, at most.
        seed: of the keys.
    """

    def __init__(self, size: int, seed: int) -> None:
        self._random = np.random.Generator(np.random.Philox(seed))
        self._keys, self._rows, self._seen = np.full(size, np.inf), np.zeros(size, np.int64), 0

    def take(self, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Go on by a batch of ``rows``; return the slots that change, and which of these rows fill them."""
        size, keys = len(self._keys), self._random.random(rows)
        kept = np.argpartition(np.concatenate([self._keys, keys]), size - 1)[:size]
        chosen = np.sort(kept[kept >= size]) - size
        slots = np.setdiff1d(np.arange(size), kept, assume_unique=True)
        self._keys[slots], self._rows[slots] = keys[chosen], self._seen + chosen
        self._seen += rows
        return slots, chosen

    def order(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the slots in use in the order of the stream, and the numbers of their rows, from 0."""
        used = np.flatnonzero(np.isfinite(self._keys))
        slots = used[np.argsort(self._rows[used])]
        return slots, self._rows[slots]

    def keys(self, slots: np.ndarray) -> np.ndarray:
        """Return the random keys of the rows in ``slots``, in [0, 1)."""
        return np.asarray(self._keys[slots])
