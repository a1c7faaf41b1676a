"""Patches of a random search, the values that a step sets anew: columns of a table, a square of an image.

A patch has signs, -1 or 1, where it sets values and 0 elsewhere, ``(rows, movable)``. ``width`` is the number of random
numbers that a row uses up for one; ``full`` draws one that sets every value, ``partial`` one that sets about a share
of the values, and at least one.
"""

from dataclasses import dataclass

import numpy as np

from audit.attacks.row_rng import Draws


@dataclass(frozen=True)
class ColumnPatches:
    """Patches of a table of ``count`` movable columns: any of them, each up or down."""

    count: int

    @property
    def width(self) -> int:
        """Two for each column: whether it is set, and in which direction."""
        return 2 * self.count

    def full(self, draws: Draws, first: int) -> np.ndarray:
        """Return up or down for every column."""
        return np.asarray(np.where(draws.uniform(first, self.count) < 0.5, -1.0, 1.0))

    def partial(self, draws: Draws, first: int, share: float) -> np.ndarray:
        """Return up or down for columns that are each set with probability ``share``, and for at least one."""
        chance = draws.uniform(first + self.count, self.count)
        is_set = chance < np.maximum(share, np.nextafter(chance.min(1, keepdims=True), 1))
        return np.where(is_set, self.full(draws, first), 0.0)


@dataclass(frozen=True)
class SquarePatches:
    """Patches of images of shape ``(height, width, channels)``, as in Andriushchenko et al. (2020)."""

    shape: tuple[int, int, int]

    @property
    def width(self) -> int:
        """The numbers that `full` takes, more than two for the place of a square and one for each channel."""
        return self.shape[1] * self.shape[2] + 2

    def full(self, draws: Draws, first: int) -> np.ndarray:
        """Return upright stripes, one pixel wide."""
        height, width, channels = self.shape
        stripes = np.where(draws.uniform(first, width * channels) < 0.5, -1.0, 1.0)
        return np.tile(stripes, (1, height))

    def partial(self, draws: Draws, first: int, share: float) -> np.ndarray:
        """Return one square of about this share of the image, each of its channels up or down."""
        height, width, channels = self.shape
        side = int(np.clip(round(np.sqrt(share * height * width)), 1, min(height, width)))
        numbers = draws.uniform(first, 2 + channels)
        in_rows = _inside(numbers[:, 0, None], height, side)
        in_columns = _inside(numbers[:, 1, None], width, side)
        inside = in_rows[:, :, None, None] & in_columns[:, None, :, None]
        signs = np.where(numbers[:, 2:] < 0.5, -1.0, 1.0)
        return np.asarray((inside * signs[:, None, None, :]).reshape(len(numbers), -1))


def _inside(number: np.ndarray, size: int, side: int) -> np.ndarray:
    """Return which of ``size`` places are in a stretch of ``side`` that begins at a random one."""
    offset = np.arange(size) - np.floor(number * (size - side + 1))
    return np.asarray((offset >= 0) & (offset < side))
