"""Ranges of a numeric column, each shared by about a tenth of the rows."""

import math

import numpy as np

SHARED = 10
"""The minimal number of rows that share a value or range that a report shows."""
RARE_VALUE = "(rare value)"
"""Replacement of a value that too few rows share."""
_RANGES = 10
_MAX_CATEGORIES = 12
"""Up to so many distinct numbers, each shared by enough rows, are categories and shown as they are."""


class Ranges:
    """The ranges that a report shows for a column's numbers: between its rounded deciles, and open at both ends.

    Each range holds at least `SHARED` of the values that are not shown as they are. The ends are open
    since the least and the greatest value are the likeliest to belong to one person. A number is shown as it is if
    it is one of few, all of them common, or makes up a tenth of the values: a column that is 0
    in most rows is divided where it is not.
    """

    def __init__(self, values: np.ndarray) -> None:
        """Compute the ranges of the finite ``values`` ``(n,)`` of a column."""
        finite = np.asarray(values, np.float64)
        finite = finite[np.isfinite(finite)]
        distinct, counts = np.unique(finite, return_counts=True)
        common = common_values(distinct, counts, _RANGES)
        self._common = set(common.tolist())
        others = np.sort(finite[~np.isin(finite, common)])
        self._edges = shared_edges(others, _RANGES) if len(others) else _rounded(common, 6)

    def text(self, value: float) -> str:
        """Return the number or the range, as text, that a report shows for ``value``, which is not NaN.

        "25 to 31" contains 25, and 31 is in the next range.
        """
        if value in self._common:
            return format_digits(value, 6)
        if not len(self._edges):
            return RARE_VALUE
        index = int(np.searchsorted(self._edges, value, "right"))
        if index == 0:
            return f"below {format_digits(self._edges[0])}"
        low = format_digits(self._edges[index - 1])
        return (
            f"{low} to {format_digits(self._edges[index])}" if index < len(self._edges) else f"{low} or more"
        )


def common_values(distinct: np.ndarray, counts: np.ndarray, ranges: int) -> np.ndarray:
    """Return those of ``distinct`` values that are shown as they are.

    All of them if they are few and each is common; else those that as many rows have as a range on average.
    """
    if 0 < len(distinct) <= _MAX_CATEGORIES and counts.min() >= SHARED:
        return distinct
    return np.asarray(distinct[counts >= max(SHARED, counts.sum() / ranges)])


def format_digits(value: float, count: int = 15) -> str:
    """Return a number as text of ``count`` significant digits, without an exponent where that is readable."""
    return f"{float(f'{value:.{count}g}') + 0.0:.15g}"  # adding 0 makes -0 a plain 0


def _rounded(values: np.ndarray, count: int) -> np.ndarray:
    return np.unique(np.asarray([float(format_digits(value, count)) for value in values], np.float64))


def shared_edges(values: np.ndarray, ranges: int) -> np.ndarray:
    """Return rounded quantiles that divide sorted ``values`` into at most so many ranges of about equal counts.

    Edges that leave fewer than `SHARED` values in a range are left out, and so are the least and the greatest value.
    """
    quantiles = values[np.arange(1, ranges) * len(values) // ranges]
    candidates = _rounded(quantiles, _distinguishing_digits(quantiles))
    edges: list[float] = []
    start = 0
    for edge, end in zip(candidates, np.searchsorted(values, candidates.astype(values.dtype)), strict=True):
        if end - start >= SHARED and len(values) - end >= SHARED:
            edges.append(float(edge))
            start = end
    return np.asarray(edges, np.float64)


def _distinguishing_digits(quantiles: np.ndarray) -> int:
    """Return the number of significant digits that distinguish rising quantiles: 2 for ages, 4 for years."""
    spread = float(quantiles[-1]) - float(quantiles[0])
    ratio = float(np.abs(quantiles).max()) / spread if spread else 1.0
    return 2 + math.floor(math.log10(max(ratio, 1.0)))
