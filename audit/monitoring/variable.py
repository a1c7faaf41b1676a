"""Variables whose drift is monitored, with the bins that their values are counted in."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from audit.data.arrow_columns import Codes

Kind = Literal["feature", "score", "decision", "attribution"]

MAX_CATEGORIES = 20
_DECILES = np.arange(1, 10) / 10.0


@dataclass(frozen=True)
class Variable:
    """A feature, score, decision or attribution, and its bins.

    A number is counted in the first bin whose edge it does not exceed; the edges are the reference's deciles and its
    maximum, so that a last bin holds what is greater than any reference value. A category has a bin of its own, the
    rarer and the new ones share one. The last bin of either is that of nulls. ``candidates`` is the number of
    categories of the reference, of which the most frequent have a bin.
    """

    kind: Kind
    name: str
    edges: list[float] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    candidates: int = 0

    @property
    def bins(self) -> int:
        """Number of bins, that of nulls included."""
        return len(self.edges or self.categories) + 2

    @property
    def selection(self) -> float:
        """Number of categories for each that was selected as frequent, by which an error is to be divided."""
        return max(1.0, self.candidates / max(1, len(self.categories)))

    def bin_numbers(self, values: np.ndarray | Codes, null: np.ndarray) -> np.ndarray:
        """Return the bin of each row, int64; ``null`` (bool, one a row) are rows without a value."""
        if isinstance(values, Codes):
            places = {name: place for place, name in enumerate(self.categories)}
            rest = len(self.categories)
            of_code = np.array([places.get(text, rest) for text in values.vocabulary] or [rest], np.int64)
            numbers = of_code[values.codes]
        else:
            numbers = np.searchsorted(np.asarray(self.edges), values, side="left")
            null = null | np.isnan(values)
        return np.where(null, self.bins - 1, numbers)

    def events(self, counts: np.ndarray) -> np.ndarray:
        """Return the counted rows of each tested event from counts ``(..., bins)``.

        Of numbers, the events are "at most an edge", of categories "in this bin", and of both "null". What is in no
        category's bin is an event only if all of the reference's categories have one.
        """
        if not self.edges:
            # The share of what is rare in the reference is biased: those that were frequent by chance are not in it.
            return np.delete(counts, -2, axis=-1) if self.candidates > len(self.categories) else counts
        return np.concatenate([np.cumsum(counts[..., :-2], axis=-1), counts[..., -1:]], axis=-1)


def number_variable(kind: Kind, name: str, values: np.ndarray) -> Variable:
    """Return the variable of a number with the bins that reference ``values`` (NaN for a null) suggest."""
    present = values[~np.isnan(values)]
    if not len(present):
        return Variable(kind, name, edges=[0.0])
    edges = np.unique(np.append(np.quantile(present, _DECILES, method="inverted_cdf"), present.max()))
    return Variable(kind, name, edges=edges.astype(np.float64).tolist())


def category_variable(kind: Kind, name: str, rows_by_category: dict[str, int]) -> Variable:
    """Return the variable of a category: the most frequent of the reference's have bins of their own."""
    ranked = sorted(rows_by_category, key=lambda category: (-rows_by_category[category], category))
    return Variable(kind, name, categories=ranked[:MAX_CATEGORIES], candidates=len(ranked))
