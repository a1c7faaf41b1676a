"""A picture cut into cells of nearly one size: single pixels if it is small, else blocks of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Grid:
    """Cuts pictures of ``shape`` (height, width, channels) into ``rows`` x ``columns`` cells.

    A pixel's cell is that of its place, rounded down. So cells lie whole in those of a grid whose numbers of rows and
    columns divide theirs.
    """

    shape: tuple[int, int, int]
    rows: int
    columns: int

    @property
    def cells(self) -> int:
        """How many there are."""
        return self.rows * self.columns

    @cached_property
    def cell(self) -> np.ndarray:
        """(height * width * channels,) int, the cell of each number of a flat picture, row after row."""
        height, width, channels = self.shape
        row = np.arange(height) * self.rows // height
        column = np.arange(width) * self.columns // width
        return np.repeat(row[:, None] * self.columns + column, channels)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return the sums over each cell of flat pictures ``(n, numbers)``: ``(n, cells)``."""
        by_row = np.add.reduceat(values.reshape(-1, *self.shape).sum(3), self._starts(0, self.rows), axis=1)
        sums = np.add.reduceat(by_row, self._starts(1, self.columns), axis=2)
        return np.asarray(sums.reshape(len(values), -1))

    def means(self, picture: np.ndarray) -> np.ndarray:
        """Return each cell's mean of one flat picture, by channel: ``(cells, channels)``."""
        channels = self.shape[2]
        planes = picture.reshape(-1, channels).T
        sums = [np.bincount(self.cell[::channels], plane) for plane in planes]
        return np.stack(sums, axis=1) / np.bincount(self.cell[::channels])[:, None]

    def _starts(self, axis: int, parts: int) -> np.ndarray:
        """Return the first pixel of each part: the least whose place, times ``parts`` over the length, reaches it."""
        return -(-np.arange(parts) * self.shape[axis] // parts)


def grid(shape: tuple[int, int, int], most: int, pixels: int = 1) -> Grid:
    """Return a grid of at most ``most`` rows and columns, whose cells have at least ``pixels`` a side."""
    rows, columns = (max(1, min(most, side // pixels)) for side in shape[:2])
    return Grid(shape, rows, columns)
