"""The rates of every group at every threshold, from one count of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from audit.model.decision import DecisionRule
from audit.stats.group_rates import Rates, rates
from audit.subject.predictions import Classified, Regressed

_EVEN = np.arange(1, 20) / 20
_FEWEST = 10  # of the even thresholds, that shall lie among the scores
_DIGITS = 3


@dataclass(frozen=True)
class Grid:
    """Thresholds, rising; ``chosen`` is the index of the one that decides, ``levels`` how many each row reaches."""

    thresholds: np.ndarray
    chosen: int
    levels: np.ndarray


def grid(scores: Classified | Regressed, decider: DecisionRule) -> Grid | None:
    """Return the thresholds for these scores; None where no single one decides (several classes).

    They are 0.05, 0.10, …, 0.95 for probabilities, and the scores' own 5 %, 10 %, …, 95 % quantiles, rounded to three
    digits of their span, for the predictions of a regression and for probabilities that crowd together.
    """
    if isinstance(scores, Classified):
        if len(scores.classes) > 2:
            return None
        given, chosen = scores.favorable, decider.threshold
        spread = _even_or_quantiles(given)
    else:
        if decider.at_least is None:
            return None
        given, chosen = scores.prediction, decider.at_least
        spread = _quantiles(given)
    thresholds = np.unique(np.append(spread, chosen))
    levels = decider.levels(given, thresholds, scores.dtype)
    return Grid(thresholds, int(np.searchsorted(thresholds, chosen)), levels)


def _even_or_quantiles(scores: np.ndarray) -> np.ndarray:
    low, high = np.quantile(scores, [0.01, 0.99])
    among = np.clip(_EVEN, low, high) == _EVEN
    return _EVEN if among.sum() >= _FEWEST else _quantiles(scores)


def _quantiles(scores: np.ndarray) -> np.ndarray:
    found = np.quantile(scores, _EVEN)
    span = float(found[-1] - found[0])
    return np.asarray(np.round(found, _DIGITS - int(np.ceil(np.log10(span))))) if span > 0 else found


@dataclass(frozen=True)
class Outcomes:
    """Labels and decisions at the chosen threshold (bool, one a row), with the rows' weights and clusters if any."""

    label: np.ndarray
    predicted: np.ndarray
    weights: np.ndarray | None
    clusters: np.ndarray | None


@dataclass(frozen=True)
class Swept:
    """A proportion at every threshold: ``value`` is (groups, thresholds), ``trials`` (groups, 1).

    How many (effective) rows are in a denominator does not depend on the threshold: only labels and groups tell.
    """

    value: np.ndarray
    trials: np.ndarray


def swept_rates(group: np.ndarray, groups: int, grid: Grid, rows: Outcomes) -> Mapping[str, Swept]:
    """Return the selection rate, and the true and the false positive rate, of each group at each threshold.

    Args:
        group: int codes, one a row.
        groups: number of groups.
        grid: the thresholds.
        rows: what is known of the rows.
    """
    by_label = group.astype(np.int64) * 2 + rows.label
    reached, total = _reached(by_label, 2 * groups, grid, rows.weights)
    at_chosen = rates(rows.predicted, by_label, 2 * groups, rows.weights, rows.clusters)
    every = rates(rows.predicted, group, groups, rows.weights, rows.clusters)
    false, true = slice(0, None, 2), slice(1, None, 2)
    return {
        "selection": _swept(reached[false] + reached[true], total[false] + total[true], every, grid),
        "true_positive": _swept(reached[true], total[true], at_chosen.every(2, 1), grid),
        "false_positive": _swept(reached[false], total[false], at_chosen.every(2, 0), grid),
    }


def swept_accuracy(grid: Grid, rows: Outcomes) -> Swept:
    """Return the share of all rows that are decided as their label says, at each threshold, as one group."""
    reached, total = _reached(rows.label.astype(np.int64), 2, grid, rows.weights)
    correct = rows.predicted == rows.label
    at_chosen = rates(correct, np.zeros(len(correct), np.int64), 1, rows.weights, rows.clusters)
    return _swept(reached[1:] + total[:1] - reached[:1], total[:1] + total[1:], at_chosen, grid)


def _reached(
    code: np.ndarray, number: int, grid: Grid, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weight of the rows that reach each threshold (codes, thresholds), and of all (codes, 1)."""
    levels = len(grid.thresholds) + 1
    counts = np.bincount(code * levels + grid.levels, weights, number * levels).reshape(number, levels)
    at_least = counts[:, ::-1].cumsum(axis=1)[:, ::-1]
    return at_least[:, 1:], at_least[:, :1]


def _swept(reached: np.ndarray, total: np.ndarray, at_chosen: Rates, grid: Grid) -> Swept:
    with np.errstate(divide="ignore", invalid="ignore"):
        value = reached / total
    value[:, grid.chosen] = at_chosen.value  # to the last digit, in whatever order weights are summed
    return Swept(value, at_chosen.trials[:, None])
