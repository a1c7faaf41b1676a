"""Tables of the fairness metrics, and of the accuracy, over the decision threshold."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

import numpy as np

from audit.checks.fairness.decided_rows import DecidedRows
from audit.checks.fairness.metrics import COMPARISONS
from audit.checks.fairness.shared_clusters import privileged_last, shares_left
from audit.checks.fairness.threshold_rates import RatesOverThresholds, ThresholdGrid
from audit.data.protected_attributes import Attribute
from audit.result import Scalar, Table
from audit.stats.average_odds import average_odds
from audit.stats.mover import linear, ratio
from audit.stats.proportions import Limits
from audit.stats.row_blocks import compact
from audit.subject.subject import Subject

Sides = Mapping[str, Limits]
"""Limits of the rates of both sides, by the names of `audit.stats.average_odds.Rates`; arrays that broadcast."""
TableColumns = dict[str, list[Scalar | None]]


def _difference(rate: str) -> Callable[[Sides], Limits]:
    return lambda sides: linear([(1.0, sides[f"unprivileged_{rate}"]), (-1.0, sides[f"privileged_{rate}"])])


def _odds(sides: Sides) -> Limits:
    true, false = (_difference(rate)(sides).estimate for rate in ("true_positive", "false_positive"))
    return average_odds(sides)._replace(estimate=0.5 * (false + true))  # in AIF360's order, to the last digit


METRICS: dict[str, Callable[[Sides], Limits]] = {
    "statistical_parity_difference": _difference("selection"),
    "disparate_impact": lambda sides: ratio(sides["unprivileged_selection"], sides["privileged_selection"]),
    "equal_opportunity_difference": _difference("true_positive"),
    "average_odds_difference": _odds,
}
"""The metrics of the table, as functions of the rates' limits."""

_AT_OTHERS = (
    "at other decision thresholds than the chosen one; low and high are the ends of pointwise "
    "intervals at the run's confidence."
)


def threshold_tables(subject: Subject, label: np.ndarray, predicted: np.ndarray) -> Iterator[Table]:
    """Yield the tables ``thresholds`` and ``threshold_accuracy``; none where no single threshold decides.

    Favourable labels and decisions are bool, one a row.
    """
    grid = ThresholdGrid.of(subject.scores, subject.decision_rule)
    if grid is None:
        return
    rows = DecidedRows(label, predicted, subject.weights, subject.clusters)
    tail = (1.0 - subject.policy.gate.confidence) / 2.0
    parts = [_comparisons(attribute, grid, rows, tail) for attribute in subject.attributes]
    columns = {name: list(chain.from_iterable(part[name] for part in parts)) for name in parts[0]}
    about = (
        f"The fairness metrics {_AT_OTHERS} A threshold that is picked here has to be audited on other rows."
    )
    yield Table(name="thresholds", about=about, columns=columns)
    columns = _thresholds(grid, 1) | _limit_columns("accuracy", grid.accuracy(rows, tail))
    about = f"The share of all rows whose decision equals the label, {_AT_OTHERS}"
    yield Table(name="threshold_accuracy", about=about, columns=columns)


def _comparisons(attribute: Attribute, grid: ThresholdGrid, rows: DecidedRows, tail: float) -> TableColumns:
    """Return the columns of the table for every comparison of one attribute."""
    others = attribute.unprivileged
    groups = len(attribute.groups) + 1
    codes = compact(privileged_last(attribute), groups)[attribute.codes]
    rates = grid.rates(codes, groups, rows)
    left = shares_left(attribute, rows, {name: rate.decisive for name, rate in rates.items()})
    steps = len(grid.thresholds)
    columns: TableColumns = {
        "attribute": [attribute.name] * (steps * len(others)),
        "unprivileged": [attribute.groups[group] for group in others for _ in range(steps)],
        "privileged": [attribute.privileged_name] * (steps * len(others)),
    }
    columns |= _thresholds(grid, len(others))
    bounded = _BoundedRates(rates, others, tail)
    for name in METRICS:
        sides = bounded.sides(COMPARISONS[name].rates, left[name][others, None])
        columns |= _limit_columns(name, _metric_limits(name, sides))
    return columns


class _BoundedRates:
    """Limits of both sides of every comparison, computed once for all metrics that compare the same rates.

    Args:
        rates: of all groups, the privileged ones last.
        others: the groups that are compared with them.
        tail: error on each side.
    """

    def __init__(self, rates: Mapping[str, RatesOverThresholds], others: list[int], tail: float) -> None:
        self._rates = rates
        self._others = others
        self._tail = tail
        self._limits: dict[tuple[str, bytes], dict[str, Limits]] = {}

    def sides(self, rates: Sequence[str], left: np.ndarray) -> Sides:
        """Return the limits of these rates from the share ``left`` of the trials, one a comparison."""
        sides: dict[str, Limits] = {}
        for name in rates:
            key = (name, left.tobytes())
            if key not in self._limits:
                self._limits[key] = self._bound(name, left)
            sides |= self._limits[key]
        return sides

    def _bound(self, name: str, left: np.ndarray) -> dict[str, Limits]:
        rate = self._rates[name]
        shared = left[:1] if (left == left[0]).all() else left  # then one row of privileged rates serves all
        return {
            f"unprivileged_{name}": rate.of_groups(self._others).limits(self._tail, left),
            f"privileged_{name}": rate.of_groups([-1] * len(shared)).limits(self._tail, shared),
        }


def _metric_limits(name: str, sides: Sides) -> Limits:
    """Return a metric and its limits; these are NaN where a side has no row in one of its rates."""
    limits = METRICS[name](sides)
    rates = COMPARISONS[name].rates
    used = [sides[f"{side}_{rate}"] for rate in rates for side in ("unprivileged", "privileged")]
    empty = np.any([np.broadcast_to(np.isnan(part.low), limits.estimate.shape) for part in used], axis=0)
    return Limits(limits.estimate, *(np.where(empty, np.nan, end) for end in limits[1:]))


def _thresholds(grid: ThresholdGrid, groups: int) -> TableColumns:
    decisive = np.arange(len(grid.thresholds)) == grid.decisive
    return {"threshold": grid.thresholds.tolist() * groups, "chosen": decisive.tolist() * groups}


def _limit_columns(name: str, limits: Limits) -> TableColumns:
    """Return the columns of a metric; both ends are None where they are not known."""
    value, low, high = (np.ravel(part) for part in limits)
    finite = np.isfinite(value)
    # as `audit.stats.interval`: value and limits are summed in different orders, their last digits may differ
    low = np.where(finite, np.minimum(low, value), low)
    high = np.where(finite, np.maximum(high, value), high)
    return {name: [*value.tolist()], f"{name}_low": _known(low), f"{name}_high": _known(high)}


def _known(ends: np.ndarray) -> list[Scalar | None]:
    return [None if end != end else end for end in ends.tolist()]
