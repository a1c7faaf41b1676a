"""The fairness metrics as a table: AIF360's names, what each is made of, and how to read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from audit.result import MetricFacts

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
class Comparison:
    """A metric of two groups: the rates it compares, the method of its interval, and how to read it."""

    rates: tuple[str, ...]
    method: str
    facts: MetricFacts


def _difference(rate: str, about: str) -> Comparison:
    about = (
        f"{about}, unprivileged minus privileged. 0 means equal; below 0, the unprivileged group's is lower."
    )
    return Comparison(
        (rate,), "mover-difference", MetricFacts(about=about, low=-1.0, high=1.0, ideal=0.0, better="ideal")
    )


def _ratio(rate: str, about: str) -> Comparison:
    about = (
        f"{about}, unprivileged over privileged. 1 means equal; below 1, the unprivileged group's is lower."
    )
    return Comparison((rate,), "mover-ratio", MetricFacts(about=about, low=0.0, ideal=1.0, better="ideal"))


def _odds(method: str, about: str, low: float) -> Comparison:
    about = (
        f"{about} of the true positive and the false positive rate between the groups. 0 means equal odds."
    )
    return Comparison(
        ("true_positive", "false_positive"),
        method,
        MetricFacts(about=about, low=low, high=1.0, ideal=0.0, better="ideal"),
    )


_NAMES = {
    "error_rate": ("error", "Share of wrong predictions"),
    "false_positive_rate": (
        "false_positive",
        "Share predicted favourable among rows whose label is unfavourable",
    ),
    "false_negative_rate": (
        "false_negative",
        "Share predicted unfavourable among rows whose label is favourable",
    ),
    "false_discovery_rate": (
        "false_discovery",
        "Share with an unfavourable label among rows predicted favourable",
    ),
    "false_omission_rate": (
        "false_omission",
        "Share with a favourable label among rows predicted unfavourable",
    ),
}

COMPARISONS: dict[str, Comparison] = {
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
    **{f"{name}_difference": _difference(*definition) for name, definition in _NAMES.items()},
    **{f"{name}_ratio": _ratio(*definition) for name, definition in _NAMES.items()},
}
"""Every metric that compares two groups, by the name of AIF360's method."""

THEIL_INDEX = MetricFacts(
    about="Inequality of the benefit (prediction minus label plus one) over all rows, not between groups. "
    "0 means that every row gets the same benefit. Row weights do not enter, as in AIF360.",
    low=0.0,
    ideal=0.0,
    better="lower",
)

DEFINITIONS: dict[str, MetricFacts] = {
    **{name: comparison.facts for name, comparison in COMPARISONS.items()},
    "theil_index": THEIL_INDEX,
}
