"""Intervals of improvements: exact enumeration of discordant rows, and brute force over all that the limits allow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multinomial

from audit.result import Baseline, Measurement
from audit.stats import improvement, paired_interval
from audit.stats.paired_intervals import improvement_range
from audit.stats.paired_proportions import difference, ratio_correlation

SHARES = [0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5]


@pytest.mark.parametrize("rows", [10, 50, 200])
def test_a_difference_is_covered_and_a_limit_on_the_truth_seldom_passes(rows: int) -> None:
    """Every outcome of the trinomial of discordant rows, weighted by its probability."""
    ours, theirs = (part.ravel() for part in np.meshgrid(np.arange(rows + 1), np.arange(rows + 1)))
    ours, theirs = ours[ours + theirs <= rows], theirs[ours + theirs <= rows]
    limits = difference([ours.astype(float), theirs.astype(float), np.full(len(ours), float(rows))], 0.025)
    outcomes = np.stack([ours, theirs, rows - ours - theirs], 1)
    for p in SHARES:
        for q in SHARES:
            if p + q > 1:
                continue
            weight = np.asarray(multinomial.pmf(outcomes, rows, [p, q, 1 - p - q]))
            truth = p - q
            covered = (limits.low <= truth + 1e-12) & (truth - 1e-12 <= limits.high)
            assert weight[covered].sum() >= 0.95, (p, q)
            assert weight[limits.low >= truth - 1e-12].sum() <= 0.03, (p, q)


def test_no_discordant_row_is_a_share_of_which_none_was_seen() -> None:
    for confidence in (0.9, 0.95, 0.999):
        tail = (1 - confidence) / 2
        limits = difference([0, 0, 300], tail)
        upper = 1 - tail ** (1 / 300)
        assert (limits.low, limits.estimate, limits.high) == pytest.approx((-upper, 0, upper))


def measured(value: float, **given: Any) -> Measurement:
    """A share of 200 rows, or what ``given`` makes of it."""
    plain: dict[str, Any] = {"method": "clopper-pearson", "counts": {"rate": [200 * value, 200.0]}}
    return Measurement(metric="m.m", value=value, n=200, **{**plain, **given})


def compared(value: float, reference: float, better: Any = "higher", **given: Any) -> Measurement:
    found, other = measured(value), measured(reference)
    ideal = 0.0 if better == "ideal" else None
    counts = {"counts": other.counts, "method": other.method, **given}
    return replace(found, baseline=Baseline(value=reference, better=better, ideal=ideal, **counts))


def test_an_unknown_correlation_is_the_widest_interval() -> None:
    widths = []
    for correlation in (None, -1.0, 0.0, 0.5, 0.9):
        span = paired_interval(compared(0.8, 0.7, correlation=correlation), 0.95)
        assert span is not None and span[0] <= 0.1 <= span[1]
        widths.append(span[1] - span[0])
    assert widths[0] == widths[1] and widths[1:] == sorted(widths[1:], reverse=True)


def test_lower_is_the_mirror_of_higher() -> None:
    pairs = {"rate": [12.0, 30.0, 200.0]}
    higher, lower = (compared(0.7, 0.79, better, discordant=pairs) for better in ("higher", "lower"))
    spans = paired_interval(higher, 0.95), paired_interval(lower, 0.95)
    assert improvement(higher) == -improvement(lower)
    assert spans[0] is not None and spans[1] is not None
    assert spans[0] == pytest.approx((-spans[1][1], -spans[1][0]))


def test_what_has_no_interval_has_none_beside_a_baseline() -> None:
    nothing = compared(0.8, 0.7)
    assert paired_interval(replace(nothing, baseline=None), 0.95) is None
    assert paired_interval(compared(0.8, float("nan")), 0.95) is None
    assert paired_interval(replace(nothing, method="none"), 0.95) is None
    exact = replace(compared(0.8, 0.7, method="exact"), method="exact")
    assert paired_interval(exact, 0.95) == pytest.approx((0.1, 0.1))


numbers = st.floats(-2, 2)
intervals = st.tuples(numbers, numbers).map(lambda pair: (min(pair), max(pair)))


@given(intervals, intervals, intervals)
def test_the_improvement_is_bounded_by_all_that_the_limits_allow(
    own: tuple[float, float], other: tuple[float, float], apart: tuple[float, float]
) -> None:
    """Brute force over a grid of pairs of values within all three limits."""
    ours, theirs = np.meshgrid(np.linspace(*own, 41), np.linspace(*other, 41))
    allowed = (apart[0] <= ours - theirs) & (ours - theirs <= apart[1])
    gains = (np.abs(theirs - 0.3) - np.abs(ours - 0.3))[allowed]
    low, high = improvement_range(own, other, apart, Baseline(value=0, method="", better="ideal", ideal=0.3))
    assert not len(gains) or (low - 1e-9 <= gains.min() and gains.max() <= high + 1e-9)


def test_on_one_side_of_the_ideal_the_improvement_is_the_difference() -> None:
    baseline = Baseline(value=0, method="", better="ideal", ideal=1.0)
    assert improvement_range((1.2, 1.4), (1.3, 1.6), (-0.3, 0.1), baseline) == pytest.approx((-0.1, 0.3))
    assert improvement_range((0.2, 0.4), (0.3, 0.6), (-0.3, 0.1), baseline) == pytest.approx((-0.3, 0.1))
    low, high = improvement_range((0.9, 1.4), (0.8, 1.6), (-0.3, 0.1), baseline)
    assert (low, high) == pytest.approx((-0.1, 0.3))  # 0.9 and 1.1 differ by 0.2, and neither is nearer


def test_the_correlation_of_ratios_is_that_of_simulated_ones() -> None:
    """Two models' rates in two groups, drawn again and again from the same rows' joint probabilities."""
    rng, rows = np.random.default_rng(0), {"unprivileged": 4000, "privileged": 6000}
    joint = {"unprivileged": [0.25, 0.04, 0.06, 0.65], "privileged": [0.4, 0.05, 0.03, 0.52]}
    drawn = {side: rng.multinomial(rows[side], joint[side], 4000) / rows[side] for side in rows}
    ratios = [
        (drawn["unprivileged"][:, 0] + drawn["unprivileged"][:, i])
        / (drawn["privileged"][:, 0] + drawn["privileged"][:, i])
        for i in (1, 2)
    ]
    ours, theirs = (
        {side: [(joint[side][0] + joint[side][i]) * n, n] for side, n in rows.items()} for i in (1, 2)
    )
    pairs = {side: [joint[side][1] * n, joint[side][2] * n, n] for side, n in rows.items()}
    found = ratio_correlation(ours, theirs, pairs)
    assert found == pytest.approx(np.asarray(np.corrcoef(ratios))[0, 1], abs=0.03)
