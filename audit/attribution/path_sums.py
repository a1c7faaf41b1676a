"""Means and standard errors of what rows' numbers contribute along paths, from blocks of points that come in calls."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from audit.attribution.path_sampling import DRAWS, Paths

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
