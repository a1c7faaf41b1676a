"""Stratified positions on straight paths from reference rows to rows: each reference equally often.

Slots are the references in turn, cut into blocks. Within a block the positions on the paths are one in each of
equally wide strata, in random order (a Latin hypercube: McKay, Beckman and Conover, Technometrics 21, 1979), so that
what changes along the paths in the mean over references leaves next to no error. Every block is drawn twice,
independently: the two differ by the sampling alone, which gives the standard errors.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np

DRAWS = 2
_SLOTS_OF_BLOCK = 10
MIN_SLOTS = 64
"""Slots of a pass: few references take several turns."""


class PathPlan:
    """Plan of a row's passes over ``references`` references, drawn by ``seed``.

    ``sizes`` are the numbers of slots of the blocks, ``weights`` their shares of all slots, both ``(blocks,)``, and
    ``reference`` holds for each block the references of both draws, ``(DRAWS * size,)`` int32.
    """

    def __init__(self, references: int, seed: int) -> None:
        slots = np.tile(np.arange(references, dtype=np.int32), -(-MIN_SLOTS // references))
        blocks = np.array_split(slots, -(-len(slots) // _SLOTS_OF_BLOCK))
        self._seed = seed
        self.sizes = np.array([len(block) for block in blocks])
        self.weights = self.sizes / self.sizes.sum()
        self.reference = [np.tile(block, DRAWS) for block in blocks]

    @property
    def points(self) -> int:
        """Number of points of a row's pass."""
        return int(DRAWS * self.sizes.sum())

    def positions(self, row: int, number: int) -> list[np.ndarray]:
        """Draw row ``row``'s positions in its pass ``number``: for each block, (DRAWS * size,) in [0, 1).

        A draw depends on the seed, the row's index and its pass alone.
        """
        rng = np.random.Generator(np.random.Philox(key=self._seed, counter=[0, 1, row, number]))
        block = np.repeat(np.arange(len(self.sizes)), self.sizes)
        stratum = np.concatenate([np.arange(size) for size in self.sizes])
        order = np.argsort(block + rng.random((DRAWS, len(block))), axis=1)  # blocks stay, their slots mix
        positions = (stratum[order] + rng.random(order.shape)) / self.sizes[block]
        return [part.ravel() for part in np.split(positions, np.cumsum(self.sizes)[:-1], axis=1)]


MAX_PASSES = 4
"""Passes of a row: where the tolerance is out of reach, sampling ends at half of the first pass's error."""


class PathBlock(NamedTuple):
    """A row, the number of a block of its references, and the positions of both draws."""

    row: int
    block: int
    positions: np.ndarray


class PathBatch(list[PathBlock]):
    """Blocks that are computed together."""

    def __str__(self) -> str:
        return f"gradients at the explained rows {self[0].row + 1:,} to {self[-1].row + 1:,}"


def batches(blocks: Iterator[PathBlock], points: int) -> Iterator[PathBatch]:
    """Yield blocks that together fill a call of ``points`` points; at least one."""
    first = next(blocks, None)
    while first is not None:
        yield PathBatch([first, *islice(blocks, max(0, points // len(first.positions) - 1))])
        first = next(blocks, None)


def draw_means(blocks: list[PathBlock], contributions: np.ndarray) -> np.ndarray:
    """Return the mean of each draw of each block: (DRAWS * blocks, columns) float64.

    Args:
        blocks: the blocks.
        contributions: (points, columns), of the blocks' points in turn.
    """
    sizes = [len(block.positions) // DRAWS for block in blocks for _ in range(DRAWS)]
    starts = np.cumsum([0, *sizes[:-1]])
    sums = np.add.reduceat(contributions, starts, axis=0, dtype=np.float64)
    return np.asarray(sums / np.array(sizes)[:, None])


class PathSums:
    """Sums over each row's draws, added one block after the other, whichever call it came with."""

    def __init__(self, shape: tuple[int, ...], plan: PathPlan) -> None:
        self.plan = plan
        self.passes = np.zeros(shape[0], np.int64)
        self._sums = np.zeros(shape)
        self._squares = np.zeros(shape)
        self._gap_squares = np.zeros(shape[0])

    def blocks(self, rows: np.ndarray) -> Iterator[PathBlock]:
        """Yield the blocks of the next pass of ``rows``."""
        for row in rows.tolist():
            for block, positions in enumerate(self.plan.positions(row, int(self.passes[row]))):
                yield PathBlock(row, block, positions)

    def add(self, blocks: list[PathBlock], draws: np.ndarray) -> None:
        """Add the draws of ``blocks``, as of `draw_means`."""
        for (row, block, _), first, second in zip(blocks, draws[::DRAWS], draws[1::DRAWS], strict=True):
            weight = self.plan.weights[block] / DRAWS
            spread = first - second
            self._sums[row] += weight * (first + second)
            self._squares[row] += (weight * spread) ** 2
            self._gap_squares[row] += (weight * spread.sum()) ** 2

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

    def unfinished(self, tolerance: float) -> np.ndarray:
        """Return the indices of the rows that need another pass."""
        if not self.passes.any():
            return np.arange(len(self.passes))
        precise = np.linalg.norm(self.errors, axis=1) <= tolerance * np.linalg.norm(self.values, axis=1)
        return np.flatnonzero(~precise & (self.passes < MAX_PASSES))
