"""Where straight paths from reference rows to rows are looked at: each reference equally often, along all of its path.

Slots are the references in turn, cut into blocks. Within a block the positions on the paths are one in each of
equally wide strata, in random order (a Latin hypercube: McKay, Beckman and Conover, Technometrics 21, 1979), so that
what changes along the paths in the mean over references leaves next to no error. Every block is drawn twice,
independently: the two differ by the sampling alone, which gives the standard errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

DRAWS = 2
_BLOCK = 10
_LEAST_SLOTS = 64
"""Slots of a pass: few references take several turns."""


@dataclass(frozen=True)
class Paths:
    """The plan of a pass of one row over ``references`` references, drawn by ``seed``."""

    references: int
    seed: int

    @cached_property
    def _slots(self) -> np.ndarray:
        """(slots,), the reference of each."""
        return np.tile(np.arange(self.references), -(-_LEAST_SLOTS // self.references))

    @cached_property
    def sizes(self) -> np.ndarray:
        """(blocks,), the slots of each."""
        return np.array([len(part) for part in np.array_split(self._slots, -(-len(self._slots) // _BLOCK))])

    @cached_property
    def weights(self) -> np.ndarray:
        """(blocks,), the share of the slots that each has."""
        return np.asarray(self.sizes / self.sizes.sum())

    @cached_property
    def reference(self) -> list[np.ndarray]:
        """For each block, (DRAWS * size,) int32, the references of both draws."""
        parts = np.split(self._slots.astype(np.int32), np.cumsum(self.sizes)[:-1])
        return [np.tile(part, DRAWS) for part in parts]

    def positions(self, row: int, number: int) -> list[np.ndarray]:
        """Draw where on the paths row ``row`` looks in its pass ``number``: for each block, (DRAWS * size,) in [0, 1).

        A draw depends on the seed, the row's index and its pass alone.
        """
        rng = np.random.Generator(np.random.Philox(key=self.seed, counter=[0, 1, row, number]))
        block = np.repeat(np.arange(len(self.sizes)), self.sizes)
        within = np.concatenate([np.arange(size) for size in self.sizes])
        order = np.argsort(block + rng.random((DRAWS, len(block))), axis=1)  # blocks stay, their slots mix
        drawn = (within[order] + rng.random(order.shape)) / self.sizes[block]
        return [part.ravel() for part in np.split(drawn, np.cumsum(self.sizes)[:-1], axis=1)]
