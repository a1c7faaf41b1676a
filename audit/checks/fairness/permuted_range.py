"""Range of a comparison of two groups over all ways to distribute the same decisions over the rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from audit.checks.fairness.metrics import COMPARISONS
from audit.stats.group_rates import CellCounts
from audit.stats.permuted_decisions import DecisionTotals, Range


@dataclass(frozen=True)
class Side:
    """Weights of the rows of one side of a comparison, by their label."""

    favorable: float
    unfavorable: float

    @classmethod
    def of(cls, cells: CellCounts, groups: Sequence[int]) -> "Side":
        """Add up the rows of some groups."""
        inside = np.isin(cells.group, groups) if len(groups) > 1 else cells.group == groups[0]
        favorable, unfavorable = (cells.weight[inside & label].sum() for label in (cells.label, ~cells.label))
        return cls(float(favorable), float(unfavorable))

    @property
    def total(self) -> float:
        """All of its rows."""
        return self.favorable + self.unfavorable

    @property
    def reversed(self) -> "Side":
        """The same, with both labels exchanged."""
        return Side(self.unfavorable, self.favorable)


RateRanges = Mapping[str, Range | None]


def rate_ranges(side: Side, decisions: DecisionTotals) -> RateRanges:
    """Return the lowest and highest value of each rate of one side, whichever rows the decisions fall on."""
    return {name: range_of(side, decisions) for name, range_of in _RATES.items()}


def permuted_range(name: str, unprivileged: RateRanges, privileged: RateRanges) -> Range | None:
    """Return the lowest and highest value of a metric, whichever rows the decisions fall on; None if undefined.

    Each rate of each side is taken at its own extremes. Both need not be reached at once, so that the range may be too
    wide, and is never too narrow.
    """
    comparison = COMPARISONS[name]
    pairs = []
    for rate in comparison.rates:
        one, other = unprivileged[rate], privileged[rate]
        if one is None or other is None:
            return None
        pairs.append((one, other))
    if comparison.method == "mover-ratio":
        return _ratio(*pairs[0])
    return _GAPS[comparison.method]([(one[0] - other[1], one[1] - other[0]) for one, other in pairs])


def _error(side: Side, decisions: DecisionTotals) -> Range | None:
    """Return the range of the share of wrong decisions: favourable ones with the other label, and the reverse."""
    if side.total <= 0:
        return None
    low = decisions.fewest(side.unfavorable) + side.favorable - decisions.most(side.favorable)
    high = decisions.most(side.unfavorable) + side.favorable - decisions.fewest(side.favorable)
    return low / side.total, high / side.total


def _false_discovery(side: Side, decisions: DecisionTotals) -> Range | None:
    """Return the range of the share with an unfavourable label among the favourable decisions."""
    wrong = (decisions.fewest(side.unfavorable), decisions.most(side.unfavorable))
    right = (decisions.most(side.favorable), decisions.fewest(side.favorable))
    if not all(w + r > 0 for w, r in zip(wrong, right, strict=True)):
        return None
    return wrong[0] / (wrong[0] + right[0]), wrong[1] / (wrong[1] + right[1])


_RATES: Mapping[str, Callable[[Side, DecisionTotals], Range | None]] = {
    "selection": lambda side, decisions: decisions.share_range(side.total),
    "true_positive": lambda side, decisions: decisions.share_range(side.favorable),
    "false_negative": lambda side, decisions: decisions.reversed.share_range(side.favorable),
    "false_positive": lambda side, decisions: decisions.share_range(side.unfavorable),
    "error": _error,
    "false_discovery": _false_discovery,
    "false_omission": lambda side, decisions: _false_discovery(side.reversed, decisions.reversed),
}


def _ratio(numerator: Range, denominator: Range) -> Range:
    low = numerator[0] / denominator[1] if denominator[1] > 0 else 0.0
    return low, numerator[1] / denominator[0] if denominator[0] > 0 else float("inf")


def _absolute(gap: Range) -> float:
    return max(abs(gap[0]), abs(gap[1]))


_GAPS: Mapping[str, Callable[[list[Range]], Range]] = {
    "mover-difference": lambda gaps: gaps[0],
    "average-odds-difference": lambda gaps: (sum(g[0] for g in gaps) / 2, sum(g[1] for g in gaps) / 2),
    "average-abs-odds-difference": lambda gaps: (0.0, sum(map(_absolute, gaps)) / 2),
    "equalized-odds-difference": lambda gaps: (0.0, max(map(_absolute, gaps))),
}
