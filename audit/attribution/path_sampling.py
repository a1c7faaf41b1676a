"""Where straight paths from reference rows to rows are looked at: each reference equally often, along all of its path.

Slots are the references in turn, cut into blocks. Within a block the positions on the paths are one in each of
equally wide strata, in random order (a Latin hypercube: McKay, Beckman and Conover, Technometrics 21, 1979), so that
what changes along the paths in the mean over references leaves next to no error. Every block is drawn twice,
independently: the two differ by the sampling alone, which gives the standard errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

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


MOST_PASSES = 4
"""Where the wished error is out of reach, sampling ends at half of the first pass's error."""

Unit = tuple[int, int, np.ndarray]
"""A row, a block of its references, and the positions of both draws."""


def calls(units: Iterator[Unit], room: int) -> Iterator[list[Unit]]:
    """Yield units together that fill a call; at least one."""
    first = next(units, None)
    while first is not None:
        rest = list(islice(units, max(0, room // len(first[2]) - 1)))
        yield [first, *rest]
        first = next(units, None)


class PathSums:
    """Sums over what each row has drawn so far, one block after the other, whichever call it came with."""

    def __init__(self, shape: tuple[int, ...], paths: Paths) -> None:
        self.paths, self.passes = paths, np.zeros(shape[0], np.int64)
        self._sums, self._squares = np.zeros(shape), np.zeros(shape)
        self._gap_squares = np.zeros(shape[0])

    def units(self, rows: np.ndarray) -> Iterator[Unit]:
        """Yield the blocks of the next pass of ``rows``."""
        for row in rows.tolist():
            for block, positions in enumerate(self.paths.positions(row, int(self.passes[row]))):
                yield row, block, positions

    def add(self, units: list[Unit], found: np.ndarray) -> None:
        """Add what the points of ``units`` contribute, (points, columns)."""
        starts = np.cumsum([0, *(len(positions) // DRAWS for _, _, positions in units for _ in range(DRAWS))])
        draws = np.add.reduceat(found, starts[:-1], axis=0, dtype=np.float64) / np.diff(starts)[:, None]
        for (row, block, _), first, second in zip(units, draws[::DRAWS], draws[1::DRAWS], strict=True):
            weight, spread = self.paths.weights[block], first - second
            self._sums[row] += weight / DRAWS * (first + second)
            self._squares[row] += (weight / DRAWS * spread) ** 2
            self._gap_squares[row] += (weight / DRAWS * spread.sum()) ** 2

    @property
    def values(self) -> np.ndarray:
        """(rows, columns)."""
        return np.asarray(self._sums / self.passes[:, None])

    @property
    def errors(self) -> np.ndarray:
        """(rows, columns): half the squared difference of two draws estimates the variance of one, without bias."""
        return np.asarray(np.sqrt(self._squares) / self.passes[:, None])

    @property
    def gap_errors(self) -> np.ndarray:
        """(rows,)."""
        return np.asarray(np.sqrt(self._gap_squares) / self.passes)

    def unfinished(self, error: float) -> np.ndarray:
        """Return the indices of the rows that need another pass."""
        if not self.passes.any():
            return np.arange(len(self.passes))
        reached = np.linalg.norm(self.errors, axis=1) <= error * np.linalg.norm(self.values, axis=1)
        return np.flatnonzero(~reached & (self.passes < MOST_PASSES))
