"""The features of sampled rows as one matrix: numbers as they are, texts as codes into a vocabulary, pictures flat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from audit.inputs.feeds import Feed

MOST_ROWS = 20_000
"""Rows of the data, and of the background, that are looked at beyond their scores: drawn if there are more.

Of the data a check may ask for another number of them."""


@dataclass(frozen=True)
class Column:
    """A feature: a data column that the model reads, or one place of it where it holds lists.

    ``vocabulary`` is None for numbers; ``shape`` is that of a picture, which lies flat in the matrix, else None.
    """

    name: str
    vocabulary: list[str] | None
    shape: tuple[int, ...] | None = None

    @property
    def width(self) -> int:
        """Numbers that it takes in the matrix."""
        return prod(self.shape or ())


@dataclass(frozen=True)
class Rows:
    """Sampled rows in file order: ``matrix`` is ``(rows, numbers)``, ``index`` their numbers in the data, from 0.

    ``keys`` are the random numbers that they were drawn by: a smaller sample has the rows with the smallest ones.
    """

    matrix: np.ndarray
    index: np.ndarray
    keys: np.ndarray

    def sample(self, size: int) -> Rows:
        """Return the ``size`` rows that a smaller draw from the same stream gives; all rows if there are no more."""
        if size >= len(self.index):
            return self
        chosen = np.sort(np.argpartition(self.keys, size - 1)[:size])
        return Rows(self.matrix[chosen], self.index[chosen], self.keys[chosen])


@dataclass(frozen=True)
class Features:
    """What attribution and attacks see: sampled rows of the data and of the background, in equal columns."""

    columns: list[Column]
    data: Rows
    background: Rows


def places(feeds: Sequence[Feed]) -> dict[tuple[str, bool], int]:
    """Return the matrix column of each (data column, read as text) of the feeds, in their order."""
    names = [(name, feed.is_text) for feed in feeds for name in feed.columns]
    return {name: place for place, name in enumerate(dict.fromkeys(names))}


def starts(widths: Sequence[int]) -> list[int]:
    """Return where in a matrix each column begins."""
    return [int(start) for start in np.cumsum([0, *widths])[:-1]]
