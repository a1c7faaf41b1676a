"""Table of the fairness metrics: AIF360's names, the rates that each compares, and its definition."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from audit.result import Measurement, MetricFacts
from audit.stats.group_estimates import Partition
from audit.stats.permuted_decisions import DecisionTotals

Event = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Maps label and prediction (bool, favourable or not, one a row) to a bool array."""


@dataclass(frozen=True)
class Rate:
    """A proportion: the rows that are ``event`` among those that are ``within``."""

    event: Event
    within: Event


def _all(label: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    return np.ones_like(label)


RATES = {
    "selection": Rate(lambda label, predicted: predicted, _all),
    "error": Rate(lambda label, predicted: label != predicted, _all),
    "true_positive": Rate(lambda label, predicted: predicted, lambda label, predicted: label),
    "false_negative": Rate(lambda label, predicted: ~predicted, lambda label, predicted: label),
    "false_positive": Rate(lambda label, predicted: predicted, lambda label, predicted: ~label),
    "false_discovery": Rate(lambda label, predicted: ~label, lambda label, predicted: predicted),
    "false_omission": Rate(lambda label, predicted: label, lambda label, predicted: ~predicted),
}


@dataclass(frozen=True)
class GroupComparison:
    """A metric of two groups: the rates it compares, the method of its interval, and its definition."""

    rates: tuple[str, ...]
    method: str
    facts: MetricFacts


def _difference(rate: str, about: str) -> GroupComparison:
    about += ", unprivileged minus privileged. 0 means equal; below 0, the unprivileged group's is lower."
    facts = MetricFacts(about=about, low=-1.0, high=1.0, ideal=0.0, better="ideal")
    return GroupComparison((rate,), "mover-difference", facts)


def _ratio(rate: str, about: str) -> GroupComparison:
    about += ", unprivileged over privileged. 1 means equal; below 1, the unprivileged group's is lower."
    facts = MetricFacts(about=about, low=0.0, ideal=1.0, better="ideal")
    return GroupComparison((rate,), "mover-ratio", facts)


def _odds(method: str, about: str, low: float) -> GroupComparison:
    about += " of the true positive and the false positive rate between the groups. 0 means equal odds."
    facts = MetricFacts(about=about, low=low, high=1.0, ideal=0.0, better="ideal")
    return GroupComparison(("true_positive", "false_positive"), method, facts)


_ABOUT = {
    "error": "Share of wrong predictions",
    "false_positive": "Share predicted favourable among rows whose label is unfavourable",
    "false_negative": "Share predicted unfavourable among rows whose label is favourable",
    "false_discovery": "Share with an unfavourable label among rows predicted favourable",
    "false_omission": "Share with a favourable label among rows predicted unfavourable",
}
"""Descriptions of the rates that are compared both by difference and by ratio."""

COMPARISONS: dict[str, GroupComparison] = {
    "statistical_parity_difference": _difference("selection", "Share predicted favourable"),
    "disparate_impact": _ratio("selection", "Share predicted favourable"),
    "equal_opportunity_difference": _difference(
        "true_positive", "Share predicted favourable among rows whose label is favourable"
    ),
    "average_odds_difference": _odds(
        "average-odds-difference", "Mean difference (signed: opposite gaps cancel)", -1.0
    ),
    "average_abs_odds_difference": _odds("average-abs-odds-difference", "Mean absolute difference", 0.0),
    "equalized_odds_difference": _odds("equalized-odds-difference", "Larger absolute difference", 0.0),
    **{f"{rate}_rate_difference": _difference(rate, about) for rate, about in _ABOUT.items()},
    **{f"{rate}_rate_ratio": _ratio(rate, about) for rate, about in _ABOUT.items()},
}
"""Every metric that compares two groups, by the name of AIF360's method."""

DEFINITIONS: dict[str, MetricFacts] = {
    **{name: comparison.facts for name, comparison in COMPARISONS.items()},
    "theil_index": MetricFacts(
        about="Inequality of the benefit (prediction minus label plus one) over all rows, not between groups. "
        "0 means that every row gets the same benefit. Row weights do not enter, as in AIF360.",
        low=0.0,
        ideal=0.0,
        better="lower",
    ),
}


def theil_index(label: np.ndarray, predicted: np.ndarray, clusters: np.ndarray | None) -> Measurement:
    """Return the Theil index of the benefit b = prediction - label + 1, the mean of (b / mean b) ln(b / mean b).

    AIF360's own ignores weights, so that a weighted table of counts does not do, and so does this one. The
    standard error is that of the delta method.

    Args:
        label: bool, one a row; True is the favourable outcome.
        predicted: bool, one a row.
        clusters: cluster codes, or None for independent rows.
    """
    index = theil(label, predicted)
    rows = Partition.whole(len(label), None, clusters)
    (error,), (skewness,) = rows.moments(index.influence)
    effective = float(rows.effective_rows()[0])
    return Measurement(
        metric="fairness.theil_index",
        value=index.value,
        n=len(label),
        method="mean-skewed",
        se=float(error),
        counts={
            "rows": [effective],
            "cubes": [float(skewness) * effective, effective],
            "worst": [index.worst * effective, effective],
        },
        permuted_range=_theil_range(label, predicted),
    )


def _theil_range(label: np.ndarray, predicted: np.ndarray) -> tuple[float, float] | None:
    """Return the lowest and highest index if the same decisions fell on other rows; None if undefined.

    The mean benefit stays; the index rises with the rows of benefit 2, favourable decisions with the other label.
    """
    decisions = DecisionTotals.of(predicted, None)
    favorable = int(np.count_nonzero(label))
    unfavorable = len(label) - favorable
    mean = (decisions.favorable - favorable) / len(label) + 1.0
    if mean <= 0.0:
        return None
    doubled = (decisions.fewest(unfavorable), decisions.most(unfavorable))
    low, high = (2.0 * np.log(2.0) * rows / len(label) / mean - np.log(mean) for rows in doubled)
    return float(low), float(high)


class Theil(NamedTuple):
    """The Theil index, and the rows' influences on it, to first order: float64, one a row, with a mean of 0.

    ``worst`` is the index of a row, to first order, whose benefit raises it most, whether such a row was seen or not.
    """

    value: float
    influence: Callable[[slice], np.ndarray]
    worst: float


def theil(label: np.ndarray, predicted: np.ndarray) -> Theil:
    """Return the index of `theil_index` with its influences."""
    row_benefit = predicted.astype(np.int8) - label + 1
    share = np.array([np.count_nonzero(row_benefit == b) for b in range(3)], float) / len(row_benefit)
    benefit = np.arange(3.0)
    entropy = np.array([0.0, 0.0, 2 * np.log(2.0)])  # b ln b
    mean = share @ benefit
    total = share @ entropy
    with np.errstate(divide="ignore", invalid="ignore"):
        value = total / mean - np.log(mean)
        influence = (entropy - total) / mean - (benefit - mean) * (total / mean**2 + 1 / mean)
    return Theil(float(value), lambda block: influence[row_benefit[block]], float(value + influence.max()))
