"""The range of a comparison over all ways to distribute its decisions, against every way there is."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from audit.checks.fairness.metrics import COMPARISONS, theil_index
from audit.checks.fairness.permuted_range import Side, permuted_range, rate_ranges
from audit.stats.group_rates import count_cells
from audit.stats.permuted_decisions import DecisionTotals, mean_gap_range

GROUP = np.array([0, 0, 0, 1, 1, 1, 1, 2])  # unprivileged, privileged, and one that is in neither
LABEL = np.array([1, 0, 1, 1, 0, 0, 1, 1], bool)


def _rate(event: Any, within: Any) -> float:
    return float(event[within].mean()) if within.any() else float("nan")


def _value(name: str, predicted: Any) -> float:
    """Return a metric from boolean masks."""
    rates = {
        "statistical_parity": (predicted, np.ones(8, bool)), "disparate_impact": (predicted, np.ones(8, bool)),
        "equal_opportunity": (predicted, LABEL), "error": (predicted != LABEL, np.ones(8, bool)),
        "false_positive": (predicted, ~LABEL), "false_negative": (~predicted, LABEL),
        "false_discovery": (~LABEL, predicted), "false_omission": (LABEL, ~predicted),
    }  # fmt: skip
    sides = [GROUP == 0, GROUP == 1]
    if "odds" in name:
        tpr, fpr = (
            _rate(predicted, sides[0] & within) - _rate(predicted, sides[1] & within)
            for within in (LABEL, ~LABEL)
        )
        kinds = {
            "average_odds_difference": (tpr + fpr) / 2,
            "equalized_odds_difference": max(abs(tpr), abs(fpr)),
        }
        return kinds.get(name, (abs(tpr) + abs(fpr)) / 2)
    event, within = next(pair for start, pair in rates.items() if name.startswith(start))
    one, other = (_rate(event, side & within) for side in sides)
    if name.endswith("difference"):
        return one - other
    return one / other if other else float("inf") if one else float("nan")


def _ways(favorable: int) -> list[Any]:
    chosen = itertools.combinations(range(8), favorable)
    return [np.isin(np.arange(8), rows) for rows in chosen]


@pytest.mark.parametrize("name", COMPARISONS)
@pytest.mark.parametrize("favorable", range(9))
def test_no_way_lies_outside_and_both_ends_are_reached(name: str, favorable: int) -> None:
    ways = _ways(favorable)
    cells = count_cells(GROUP, LABEL, ways[0], None)
    sides = Side.of(cells, [0]), Side.of(cells, [1])
    decisions = DecisionTotals.of(ways[0], None)
    found = permuted_range(name, *(rate_ranges(side, decisions) for side in sides))
    values = [value for predicted in ways if not np.isnan(value := _value(name, predicted))]
    if found is None:  # a rate that some ways leave undefined
        assert len(values) < len(ways)
        return
    low, high = found
    assert all(low - 1e-12 <= value <= high + 1e-12 for value in values)
    if name in ("disparate_impact", "statistical_parity_difference", "equal_opportunity_difference"):
        assert (min(values, default=low), max(values, default=high)) == pytest.approx((low, high))
    if favorable in (0, 8) and values:  # one decision on all rows: nothing can be distributed
        assert len(set(values)) == 1
        if "abs" not in name and "equalized" not in name:
            assert (low, high) == pytest.approx((values[0], values[0]))


@pytest.mark.parametrize("favorable", range(1, 9))
def test_theil(favorable: int) -> None:
    values = [theil_index(LABEL, predicted, None).value for predicted in _ways(favorable)]
    low, high = theil_index(LABEL, _ways(favorable)[0], None).permuted_range or (0.0, 0.0)
    assert (min(values), max(values)) == pytest.approx((low, high))


def test_means_of_regression_predictions() -> None:
    values = np.array([3.0, 1.0, 4.0, 1.5, 9.0])
    gaps = [
        np.mean(values[list(one)]) - np.mean(values[list(other)])
        for one in itertools.combinations(range(5), 2)
        for other in itertools.combinations(sorted(set(range(5)) - set(one)), 3)
    ]
    assert mean_gap_range(values, np.ones(5), (2.0, 3.0)) == pytest.approx((min(gaps), max(gaps)))
    assert mean_gap_range(np.full(5, 7.0), np.ones(5), (2.0, 3.0)) == (0.0, 0.0)


def test_weights_are_summed() -> None:
    predicted = np.array([1, 0, 0, 0], bool)
    decisions = DecisionTotals.of(predicted, np.array([3.0, 1.0, 1.0, 1.0]))
    assert (decisions.total, decisions.favorable, decisions.reversed.favorable) == (6.0, 3.0, 3.0)
    assert decisions.share_range(4.0) == (0.25, 0.75)
    assert decisions.share_range(0.0) is None
