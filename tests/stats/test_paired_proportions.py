"""Differences of two models' proportions: MOVER and its correlations by hand, and the ends that are infinite."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from audit.result import Baseline, Measurement
from audit.stats import METHODS, improvement
from audit.stats.paired_intervals import improvement_range
from audit.stats.paired_proportions import combined, difference, difference_margin, ratio_correlation
from audit.stats.proportions import Limits

from .known import scalar

INF = math.inf


def test_a_difference_is_mover_with_the_correlation_of_two_cells() -> None:
    only, others, rows = 12, 30, 200
    p, q = only / rows, others / rows
    ours, theirs = (binomtest(k, rows).proportion_ci(0.95, method="exact") for k in (only, others))
    together = -math.sqrt(p * q / ((1 - p) * (1 - q)))
    below, above = (
        math.sqrt(own**2 + other**2 - 2 * together * own * other)
        for own, other in ((p - ours.low, theirs.high - q), (ours.high - p, q - theirs.low))
    )
    assert difference([only, others, rows], 0.025) == pytest.approx((p - q, p - q - below, p - q + above))


@pytest.mark.parametrize(("pairs", "end"), [((1, 0, 1), 1.0), ((0, 1, 1), -1.0)])
def test_a_difference_lies_between_minus_1_and_1(pairs: tuple[int, int, int], end: float) -> None:
    limits = difference(pairs, 0.025)
    assert -1 <= limits.low < limits.high <= 1 and limits.estimate == end and end in limits[1:]


def test_weighted_differences_are_combined_side_by_side() -> None:
    parts = {
        name: Limits(*map(scalar, limits))
        for name, limits in {"a": (0.1, 0.0, 0.4), "b": (-0.2, -0.3, 0.1), "c": (0.3, 0.28, 0.35)}.items()
    }
    found = combined({"a": 1.0, "b": -1.0, "c": 0.5}, parts)
    below = math.sqrt(0.1**2 + 0.3**2 + (0.5 * 0.02) ** 2)  # what is subtracted may be off upwards
    above = math.sqrt(0.3**2 + 0.1**2 + (0.5 * 0.05) ** 2)
    assert found == pytest.approx((0.45, 0.45 - below, 0.45 + above))


def test_errors_that_go_together_cancel_and_what_is_unbounded_stays_so() -> None:
    own, other = np.array([3.0, 3.0, 3.0, 0.1]), np.array([4.0, 4.0, 4.0, 0.1])
    assert difference_margin(own, other, np.array([0.0, 1.0, -1.0, 1.0])) == pytest.approx(
        [5.0, 1.0, 7.0, 0.0]
    )
    many = np.linspace(
        0.0, 1.0, 999
    )  # of neighbours, rounding leaves some squares a little less than nothing
    assert (difference_margin(many, np.nextafter(many, 2.0), np.array(1.0)) < 1e-7).all()
    for ends in ((INF, 1.0), (1.0, INF), (INF, INF)):
        assert difference_margin(np.array(ends[0]), np.array(ends[1]), np.array(1.0)) == INF


def test_the_correlation_of_ratios_of_few_rows_by_hand() -> None:
    """Covariances of two indicators from their discordant shares, one more row each way; then the delta method."""
    ours = {"unprivileged": [12.0, 30.0], "privileged": [31.0, 50.0]}
    theirs = {"unprivileged": [9.0, 30.0], "privileged": [35.0, 50.0]}
    pairs = {"unprivileged": [5.0, 2.0, 30.0], "privileged": [4.0, 8.0, 50.0]}
    covariance, ours_varies, theirs_varies = 0.0, 0.0, 0.0
    for side, n in (("unprivileged", 30), ("privileged", 50)):
        a, b = ((counts[side][0] + 0.5) / (n + 1) for counts in (ours, theirs))
        p, q = ((rows + 1) / n for rows in pairs[side][:2])
        of_difference = p + q - (p - q) ** 2
        covariance += (a * (1 - a) + b * (1 - b) - of_difference) / 2 / (a * b) / n
        ours_varies += (1 - a) / (a * n)
        theirs_varies += (1 - b) / (b * n)
    expected = covariance / math.sqrt(ours_varies * theirs_varies)
    assert 0 < expected < 1
    assert ratio_correlation(ours, theirs, pairs) == pytest.approx(expected, rel=1e-12)


def test_a_correlation_lies_between_minus_1_and_1_whatever_few_rows_say() -> None:
    one = {"unprivileged": [0.0, 1.0], "privileged": [0.0, 1.0]}
    assert ratio_correlation(one, one, {side: [0.0, 0.0, 1.0] for side in one}) == -1.0
    assert ratio_correlation({"a": [1.0, 100.0]}, {"a": [90.0, 100.0]}, {"a": [0.0, 0.0, 100.0]}) == 1.0


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("clopper-pearson", {"unprivileged": 1.0, "privileged": 1.0}),
        ("mover-difference", {"unprivileged": 1.0, "privileged": -1.0}),
        ("mover-mean", {"unprivileged": 0.5, "privileged": 0.5}),
        ("average-odds-difference", {"unprivileged": 0.5, "privileged": -0.5}),
        ("mover-ratio", None),
    ],
)
def test_only_sums_have_weights(method: str, expected: dict[str, float] | None) -> None:
    pairing = METHODS[method].pairing
    weights = pairing and pairing.weights
    assert (weights and weights(["unprivileged", "privileged"])) == expected


def test_an_ideal_that_is_not_said_is_0() -> None:
    baseline = Baseline(value=-0.3, method="", better="ideal", ideal=None)
    candidate = Measurement(metric="m", value=0.1, n=1, method="", baseline=baseline)
    assert improvement(candidate) == pytest.approx(0.2)
    assert improvement_range((0.1, 0.2), (0.3, 0.5), (-0.3, -0.1), baseline) == pytest.approx((0.1, 0.3))


def test_where_limits_are_infinite_the_improvement_is_bounded_by_the_difference() -> None:
    """Above the ideal for ever, what takes a value up is worse by as much; below it, better."""
    baseline = Baseline(value=3.0, method="", better="ideal", ideal=1.0)
    assert improvement_range((2.0, INF), (2.5, INF), (-0.2, 0.1), baseline) == pytest.approx((-0.1, 0.2))
    assert improvement_range((-INF, 0.0), (-INF, 0.5), (-0.2, 0.1), baseline) == pytest.approx((-0.2, 0.1))
