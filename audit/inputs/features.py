"""Features of sampled rows as one matrix: numbers unchanged, texts as codes into a vocabulary, images flat."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from audit.inputs.feeds import Feed

MOST_ROWS = 20_000
"""Maximum number of rows, of the data and of the background, whose features are read: sampled if there are more.

A check may ask for another number of rows of the data."""


@dataclass(frozen=True)
class Column:
    """A feature of the matrix: a data column that the model reads, or one element of it if it holds arrays.

    ``vocabulary`` is None for numbers; ``shape`` is that of an image, which is flat in the matrix, else None.
    """

    name: str
    vocabulary: list[str] | None
    shape: tuple[int, ...] | None = None

    @property
    def width(self) -> int:
        """Number of columns that the feature takes in the matrix: 1, or the numbers of an image."""
        return prod(self.shape or ())


@dataclass(frozen=True)
class Rows:
    """Features of sampled rows: ``matrix`` ``(rows, numbers)``, ``index`` of each among the audited rows, from 0.

    ``keys`` are the random numbers that they were drawn by, uint64, rising: the first rows are a smaller sample. The
    order does not depend on that of the file, so that what is drawn by place in the sample does not either.
    """

    matrix: np.ndarray
    index: np.ndarray
    keys: np.ndarray

    def sample(self, size: int) -> "Rows":
        """Return the sample of ``size`` rows that the same data would have given; all rows if there are no more."""
        if size >= len(self.index):
            return self
        return Rows(self.matrix[:size], self.index[:size], self.keys[:size])


@dataclass(frozen=True)
class Features:
    """The features that attribution and attacks read: sampled rows of the data and of the background.

    ``infinite`` is the number of rows that were left out of ``data``, since one of their values is infinite.
    """

    columns: list[Column]
    data: Rows
    background: Rows
    infinite: int = 0


def places(feeds: Sequence[Feed]) -> dict[tuple[str, bool], int]:
    """Return the place in the matrix of each (data column, whether read as text) of the feeds, in their order."""
    names = [(name, feed.is_text) for feed in feeds for name in feed.columns]
    return {name: place for place, name in enumerate(dict.fromkeys(names))}


def starts(widths: Sequence[int]) -> list[int]:
    """Return the index at which each column of these ``widths`` begins in a matrix."""
    return [int(start) for start in np.cumsum([0, *widths])[:-1]]
