"""Which values a step of random search sets anew: columns of a table drawn by chance, a square of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from audit.attacks.row_rng import Draws


class Patches(Protocol):
    """Draws patches for the movable values of rows.

    A patch has signs, -1 or 1, where it sets values and 0 elsewhere, ``(rows, movable)``.
    """

    @property
    def width(self) -> int:
        """Random numbers that a row uses up for one."""

    def whole(self, draws: Draws, place: int) -> np.ndarray:
        """Draw a patch that sets every value."""

    def part(self, draws: Draws, place: int, share: float) -> np.ndarray:
        """Draw a patch that sets about this share of the values, and never none."""


@dataclass(frozen=True)
class Columns:
    """Patches of a table of ``count`` movable columns: any of them, each up or down."""

    count: int

    @property
    def width(self) -> int:
        """Two for each column: whether it is set, and where to."""
        return 2 * self.count

    def whole(self, draws: Draws, place: int) -> np.ndarray:
        """Return up or down for every column."""
        return np.asarray(np.where(draws.uniform(place, self.count) < 0.5, -1.0, 1.0))

    def part(self, draws: Draws, place: int, share: float) -> np.ndarray:
        """Return up or down for columns that are each set with probability ``share``, and for one in any case."""
        chance = draws.uniform(place + self.count, self.count)
        chosen = chance < np.maximum(share, np.nextafter(chance.min(1, keepdims=True), 1))
        return np.where(chosen, self.whole(draws, place), 0.0)


@dataclass(frozen=True)
class Squares:
    """Patches of pictures of shape ``(height, width, channels)``, as in Andriushchenko et al. (2020)."""

    shape: tuple[int, int, int]

    @property
    def width(self) -> int:
        """As many as `whole` takes, which is more than two for the place of a square and one for each channel."""
        return self.shape[1] * self.shape[2] + 2

    def whole(self, draws: Draws, place: int) -> np.ndarray:
        """Return upright stripes, one pixel wide."""
        height, width, channels = self.shape
        stripes = np.where(draws.uniform(place, width * channels) < 0.5, -1.0, 1.0)
        return np.tile(stripes, (1, height))

    def part(self, draws: Draws, place: int, share: float) -> np.ndarray:
        """Return one square of about this share of the picture, each of its channels up or down."""
        height, width, channels = self.shape
        side = int(np.clip(round(np.sqrt(share * height * width)), 1, min(height, width)))
        drawn = draws.uniform(place, 2 + channels)
        top, left = (
            np.floor(drawn[:, i, None] * (size - side + 1)) for i, size in enumerate((height, width))
        )
        rows, columns = np.arange(height) - top, np.arange(width) - left
        inside = ((rows >= 0) & (rows < side))[:, :, None] & ((columns >= 0) & (columns < side))[:, None, :]
        signs = np.where(drawn[:, 2:] < 0.5, -1.0, 1.0)
        return np.asarray((inside[..., None] * signs[:, None, None, :]).reshape(len(drawn), -1))
