"""How the fairness metrics, and the accuracy, change over the decision threshold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain

import numpy as np

from audit.checks.fairness.metrics import COMPARISONS
from audit.checks.fairness.threshold_rates import Grid, Outcomes, Swept, grid, swept_accuracy, swept_rates
from audit.data.protected_attributes import Attribute
from audit.result import Scalar, Table
from audit.stats.average_odds import average_odds
from audit.stats.mover import linear, ratio
from audit.stats.proportions import Limits, clopper_pearson
from audit.subject.subject import Subject

Sides = Mapping[str, Limits]
"""Limits of the rates of both sides, by the names of `audit.stats.average_odds.Rates`; arrays that broadcast."""
Columns = dict[str, list[Scalar | None]]


def _difference(rate: str) -> Callable[[Sides], Limits]:
    return lambda sides: linear([(1.0, sides[f"unprivileged_{rate}"]), (-1.0, sides[f"privileged_{rate}"])])


def _impact(sides: Sides) -> Limits:
    return ratio(sides["unprivileged_selection"], sides["privileged_selection"])


def _odds(sides: Sides) -> Limits:
    true, false = (_difference(rate)(sides).estimate for rate in ("true_positive", "false_positive"))
    return average_odds(sides)._replace(estimate=0.5 * (false + true))  # in AIF360's order, to the last digit


METRICS: dict[str, Callable[[Sides], Limits]] = {
    "statistical_parity_difference": _difference("selection"),
    "disparate_impact": _impact,
    "equal_opportunity_difference": _difference("true_positive"),
    "average_odds_difference": _odds,
}
"""The metrics that are followed, and what each makes of the rates' limits."""

_ABOUT = (
    "The fairness metrics at other decision thresholds than the chosen one; low and high are the ends of pointwise "
    "intervals at the run's confidence. A threshold that is picked here has to be audited on other rows."
)
_ABOUT_ACCURACY = (
    "The share of all rows that are decided as their label says, at other decision thresholds than the chosen one; "
    "low and high are the ends of pointwise intervals at the run's confidence."
)


def threshold_tables(subject: Subject, label: np.ndarray, predicted: np.ndarray) -> Iterator[Table]:
    """Yield the tables ``thresholds`` and ``threshold_accuracy``; none where no single threshold decides.

    Args:
        subject: of the audit.
        label: whether the label is favourable, bool, one a row.
        predicted: whether the decision is.
    """
    over = grid(subject.scores, subject.decider)
    if over is None:
        return
    rows = Outcomes(label, predicted, subject.weights, subject.clusters)
    tail = (1.0 - subject.policy.gate.confidence) / 2.0
    parts = [_compared(attribute, over, rows, tail) for attribute in subject.attributes]
    columns = {name: list(chain.from_iterable(part[name] for part in parts)) for name in parts[0]}
    yield Table(name="thresholds", about=_ABOUT, columns=columns)
    accuracy = _thresholds(over, 1) | _ends("accuracy", _limits(swept_accuracy(over, rows), tail))
    yield Table(name="threshold_accuracy", about=_ABOUT_ACCURACY, columns=accuracy)


def _compared(attribute: Attribute, over: Grid, rows: Outcomes, tail: float) -> Columns:
    """Return the columns of the table for every comparison of one attribute."""
    together, others = len(attribute.groups), attribute.unprivileged
    place = np.arange(together)
    place[attribute.privileged] = together  # all privileged groups are one, behind the others
    limits = {
        name: _limits(swept, tail)
        for name, swept in swept_rates(place[attribute.codes], together + 1, over, rows).items()
    }
    sides = {
        f"{side}_{name}": Limits(*(part[which] for part in found))
        for name, found in limits.items()
        for side, which in (("unprivileged", others), ("privileged", [together]))
    }
    steps = len(over.thresholds)
    columns: Columns = {
        "attribute": [attribute.name] * (steps * len(others)),
        "unprivileged": [attribute.groups[group] for group in others for _ in range(steps)],
        "privileged": [attribute.privileged_name] * (steps * len(others)),
    }
    columns |= _thresholds(over, len(others))
    for name in METRICS:
        columns |= _ends(name, _combined(name, sides))
    return columns


def _combined(name: str, sides: Sides) -> Limits:
    """Return a metric and its limits; these are NaN where a side has no row in one of its rates."""
    found = METRICS[name](sides)
    used = [
        sides[f"{who}_{rate}"] for rate in COMPARISONS[name].rates for who in ("unprivileged", "privileged")
    ]
    empty = np.any([np.broadcast_to(np.isnan(part.low), found.estimate.shape) for part in used], axis=0)
    return Limits(found.estimate, *(np.where(empty, np.nan, end) for end in found[1:]))


def _limits(swept: Swept, tail: float) -> Limits:
    """Bound each proportion; NaN where there is no row to tell."""
    known = swept.trials > 0
    trials = np.broadcast_to(np.where(known, swept.trials, 1.0), swept.value.shape)
    found = clopper_pearson(np.nan_to_num(swept.value) * trials, trials, tail)
    low, high = (np.where(known, end, np.nan) for end in (found.low, found.high))
    return Limits(swept.value, low, high)


def _thresholds(over: Grid, groups: int) -> Columns:
    chosen = np.arange(len(over.thresholds)) == over.chosen
    return {"threshold": over.thresholds.tolist() * groups, "chosen": chosen.tolist() * groups}


def _ends(name: str, found: Limits) -> Columns:
    """Return the columns of a metric; both ends are None where they are not known."""
    value, low, high = (np.ravel(part) for part in found)
    finite = np.isfinite(value)
    # as `audit.stats.interval`: value and limits are summed in different orders, their last digits may differ
    low, high = (np.where(finite, at(end, value), end) for at, end in ((np.minimum, low), (np.maximum, high)))
    return {name: [*value.tolist()], f"{name}_low": _known(low), f"{name}_high": _known(high)}


def _known(ends: np.ndarray) -> list[Scalar | None]:
    return [None if end != end else end for end in ends.tolist()]
