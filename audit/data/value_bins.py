"""Bins of a numeric column whose runs can be described exactly without a value that few rows have."""

import numpy as np

from audit.data.shared_ranges import common_values, format_digits, shared_edges

_DIGITS = {"float32": 7, "float64": 15}
"""Significant digits that a common value is written with: those that its type can hold."""


class ValueBins:
    """Contiguous bins of a column's numbers, of about equal counts; a common value is a bin of its own.

    Bins end at rounded quantiles and at common values (`audit.data.shared_ranges`), so that no text names a value of a
    single row.
    """

    def __init__(self, values: np.ndarray, bins: int) -> None:
        """Compute about as many bins of the finite ``values``, ``(rows,)``; common values come in addition."""
        distinct, counts = np.unique(values[np.isfinite(values)], return_counts=True)
        common = common_values(distinct, counts, bins)
        rest = ~np.isin(distinct, common)
        others = np.repeat(distinct[rest], counts[rest])
        edges = shared_edges(others, bins) if len(others) else np.empty(0)
        ends = (edges.astype(values.dtype), common, np.nextafter(common, np.inf, dtype=values.dtype))
        cuts = np.unique(np.concatenate(ends))
        occupied = np.unique(np.searchsorted(cuts, distinct, "right"))
        self._cuts = cuts[occupied[1:] - 1]
        self._edges: dict[float, float] = dict(
            zip(edges.astype(values.dtype).tolist(), edges.tolist(), strict=True)
        )
        self._singles: dict[int, str] = dict(
            zip(
                self.codes(common).tolist(),
                (format_digits(value, _DIGITS[common.dtype.name]) for value in common),
                strict=True,
            )
        )

    @property
    def number(self) -> int:
        """Number of bins."""
        return len(self._cuts) + 1

    def codes(self, values: np.ndarray) -> np.ndarray:
        """Return the bin of each value, int ``(rows,)``; of a missing one (NaN) `number`."""
        return np.where(np.isnan(values), self.number, np.searchsorted(self._cuts, values, "right"))

    def text(self, first: int, last: int) -> str:
        """Return the values of the bins from ``first`` to ``last`` as text.

        "25 to 31" contains 25, and 31 is in the next bin; "25 to 31 inclusive" contains both.
        """
        if first == last and first in self._singles:
            return self._singles[first]
        low = self._from(first) if first > 0 else ""
        high = self._up_to(last) if last < self.number - 1 else ""
        if not (low and high):
            return (
                high or (low if low.startswith("more") else f"{low} or more") if low or high else "any number"
            )
        if low.startswith("more"):
            return f"{low}, {high}"
        end = high.removeprefix("below ").removeprefix("at most ")
        return f"{low} to {end}" + (" inclusive" if high.startswith("at most") else "")

    def _from(self, bin_number: int) -> str:
        """Return the lower end of a bin: a number that belongs to it, or "more than" one that does not."""
        if bin_number in self._singles:
            return self._singles[bin_number]
        below = self._singles.get(bin_number - 1)
        return f"more than {below}" if below else self._edge(bin_number)

    def _up_to(self, bin_number: int) -> str:
        """Return the upper end of a bin: "at most" a number that belongs to it, or "below" one that does not."""
        if bin_number in self._singles:
            return f"at most {self._singles[bin_number]}"
        return f"below {self._singles.get(bin_number + 1) or self._edge(bin_number + 1)}"

    def _edge(self, bin_number: int) -> str:
        return format_digits(self._edges[self._cuts[bin_number - 1].item()])
