"""Ranges of a numeric column that many rows share, about a tenth of them each."""

from __future__ import annotations

import math

import numpy as np

SHARED = 10
"""Rows that have to share what is written of one of them."""
RARE = "(rare value)"
"""What stands for a value that too few rows share for a text or a range."""
_RANGES = 10
_FEW = 12
"""Of up to so many distinct numbers, all of them common, each stands for itself: they are categories."""


class Ranges:
    """The ranges of one column: between its deciles, rounded, and open at both ends.

    Each range holds at least `SHARED` of the values that do not stand for themselves. The ends are open
    since the least and the greatest value are the likeliest to belong to one person. A number stands for
    itself where it is one of few, all of them common, or makes up a tenth of the values: a column that is 0
    in most rows is cut where it is not.
    """

    def __init__(self, values: np.ndarray) -> None:
        """Take the values of a column, ``(n,)``; what is not finite is left out."""
        finite = np.asarray(values, np.float64)
        finite = finite[np.isfinite(finite)]
        distinct, counts = np.unique(finite, return_counts=True)
        few = 0 < len(distinct) <= _FEW and counts.min() >= SHARED
        common = distinct if few else distinct[counts >= max(SHARED, len(finite) / _RANGES)]
        self._common = set(common.tolist())
        others = np.sort(finite[~np.isin(finite, common)])
        self._edges = _edges(others) if len(others) else _rounded(common, 6)

    def text(self, value: float) -> str:
        """Return the number or the range that stands for ``value``, which is not NaN.

        Of "25 to 31", 25 is in the range and 31 is in the next one.
        """
        if value in self._common:
            return digits(value, 6)
        place = int(np.searchsorted(self._edges, value, "right"))
        low, high = ([digits(edge) for edge in part] for part in (self._edges[:place], self._edges[place:]))
        if low and high:
            return f"{low[-1]} to {high[0]}"
        if low:
            return f"{low[-1]} or more"
        return f"below {high[0]}" if high else RARE


def digits(value: float, count: int = 15) -> str:
    """Return a number with ``count`` significant digits, without an exponent where that is readable."""
    return f"{float(f'{value:.{count}g}') + 0.0:.15g}"  # adding 0 makes -0 a plain 0


def _rounded(values: np.ndarray, count: int) -> np.ndarray:
    return np.unique(np.asarray([float(digits(value, count)) for value in values], np.float64))


def _edges(values: np.ndarray) -> np.ndarray:
    """Return rounded deciles of sorted values, as many as leave `SHARED` values in every range."""
    deciles = values[np.arange(1, _RANGES) * len(values) // _RANGES]
    edges = _rounded(deciles, _needed(deciles))
    kept: list[float] = []
    below = 0
    for edge, before in zip(edges, np.searchsorted(values, edges), strict=True):
        if before - below >= SHARED and len(values) - before >= SHARED:
            kept.append(float(edge))
            below = before
    return np.asarray(kept, np.float64)


def _needed(deciles: np.ndarray) -> int:
    """Return how many significant digits tell rising deciles apart: 2 for ages, 4 for years."""
    spread, largest = float(deciles[-1]) - float(deciles[0]), float(np.abs(deciles).max())
    ratio = largest / spread if spread else 1.0
    return 2 + math.floor(math.log10(max(ratio, 1.0)))
