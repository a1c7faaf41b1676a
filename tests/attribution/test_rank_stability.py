"""Rank correlations against scipy, with ties, weights and clusters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata, spearmanr

from audit.attribution import rank_stability as stability
from audit.attribution.rank_stability import ranks, round_ties, spearman
from audit.result import Measurement
from audit.stats import intervals


def rank_stability(size: np.ndarray, seed: int, *given: np.ndarray, **by_name: np.ndarray) -> float:
    return stability.rank_stability(size, seed, *given, **by_name).value


SIDES = arrays(np.float64, (2, 9), elements=st.integers(-3, 3).map(float))
WEIGHTS = arrays(np.float64, 9, elements=st.integers(0, 4).map(float))


@settings(max_examples=60)
@given(sides=SIDES)
def test_spearman_is_scipy_s(sides: np.ndarray) -> None:
    np.testing.assert_allclose(ranks(sides[0]), rankdata(sides[0]) - 0.5)
    expected = spearmanr(*sides).statistic if (np.ptp(sides, axis=1) > 0).all() else np.nan
    np.testing.assert_allclose(spearman(*sides), expected, atol=1e-12)


@settings(max_examples=60)
@given(sides=SIDES, weights=WEIGHTS)
def test_whole_weights_are_repeated_rows(sides: np.ndarray, weights: np.ndarray) -> None:
    repeated = np.repeat(sides, weights.astype(int), axis=1)
    if repeated.shape[1] and (np.ptp(repeated, axis=1) > 0).all():
        assert spearman(sides[0], sides[1], weights) == pytest.approx(
            spearmanr(*repeated).statistic, abs=1e-9
        )


def test_features_of_one_size_each_rank_alike_and_noise_does_not() -> None:
    rng = np.random.default_rng(0)
    noise = rng.random((60, 12))
    assert rank_stability(noise + 10 * np.arange(12), seed=0) == 1
    assert abs(np.mean([rank_stability(rng.random((60, 12)), seed=0) for _ in range(40)])) < 0.15
    assert rank_stability(noise, seed=0) == rank_stability(noise, seed=0) != rank_stability(noise, seed=1)


def test_two_rows_are_two_halves() -> None:
    size = np.array([[1, 2, 3, 4.0], [1, 3, 2, 4.0]])
    assert rank_stability(size, seed=0) == pytest.approx(spearmanr(*size).statistic)


def test_one_feature_or_one_row_ranks_nothing() -> None:
    assert np.isnan(rank_stability(np.ones((5, 1)), seed=0)) and np.isnan(
        rank_stability(np.ones((1, 5)), seed=0)
    )
    assert np.isnan(rank_stability(np.random.default_rng(0).random((5, 3)), seed=0, clusters=np.full(5, 7)))


def test_copies_make_ranks_stable_unless_a_cluster_says_so() -> None:
    size = np.random.default_rng(1).random((20, 12))
    copies, who = np.repeat(size, 30, axis=0), np.repeat(np.arange(20) * 3, 30)
    alone = rank_stability(size, seed=0)
    assert rank_stability(copies, seed=0) > alone + 0.3
    assert rank_stability(copies, seed=0, clusters=who) == pytest.approx(alone, abs=1e-12)


def test_a_row_without_weight_says_nothing() -> None:
    rng = np.random.default_rng(2)
    size = rng.random((40, 5)) / 10 + np.arange(5)
    wild, weights = size.copy(), np.ones(40)
    wild[:10], weights[:10] = 1000 * rng.random((10, 5)), 0
    assert rank_stability(wild, 0) < 1 and rank_stability(wild, 0, weights) == 1


def test_what_differs_by_rounding_is_equal() -> None:
    values = np.array([0.3, -2, 0.1 + 0.2, 5, 5 + 1e-9, 5.1, -2])
    np.testing.assert_array_equal(round_ties(values, 1e-7), [1, 0, 1, 2, 2, 3, 0])
    np.testing.assert_array_equal(round_ties(np.full(4, 1.5), 0.0), np.zeros(4))


def test_the_jackknife_is_the_one_by_hand() -> None:
    """Leave out each group of rows, keep the splits, and correlate again by scipy."""
    size, seed = np.random.default_rng(3).random((47, 6)), 5
    found = stability.rank_stability(size, seed)
    rng = np.random.default_rng([seed, 3])
    halves = [rng.permutation(47) < 23 for _ in range(50)]
    group = rng.permutation(47) % 20

    def mean(kept: np.ndarray) -> float:
        sums = [(size[kept & half].sum(0), size[kept & ~half].sum(0)) for half in halves]
        return float(np.mean([spearmanr(*pair).statistic for pair in sums]))

    without = np.array([mean(group != one) for one in range(20)])
    error = np.sqrt(19 / 20 * ((without - without.mean()) ** 2).sum())
    assert (found.value, found.error) == pytest.approx((mean(group >= 0), error))
    assert found.groups == 20 and found.step == pytest.approx(
        1 - spearmanr(range(6), [1, 0, 2, 3, 4, 5]).statistic
    )


def test_the_error_is_about_the_spread_over_samples() -> None:
    rng, means = np.random.default_rng(4), np.linspace(1, 1.5, 8)
    found = [stability.rank_stability(rng.exponential(means, (300, 8)), 0) for _ in range(60)]
    spread = np.std([one.value for one in found])
    assert 0.9 * spread < np.mean([one.error for one in found]) < 1.8 * spread


def test_halves_of_one_cluster_have_no_error() -> None:
    found = stability.rank_stability(np.random.default_rng(5).random((6, 4)), 0, clusters=np.arange(6) % 2)
    assert np.isfinite(found.value) and np.isnan(found.error)


def test_the_error_of_half_samples_is_the_one_by_hand() -> None:
    """The first quarter of a random order of the rows against the second, 25 times in each of 20 halves."""
    size = np.random.default_rng(6).lognormal(0, 1.5, (50, 5))
    found = stability.rank_stability(size, 8)
    rng = np.random.default_rng([8, 4])
    squares = []
    for _ in range(20):
        splits = [rng.permutation(25) for _ in range(25)]
        rows = rng.permutation(50)[:25]
        pairs = [(size[rows[split < 12]].sum(0), size[rows[split >= 12]].sum(0)) for split in splits]
        squares.append((np.mean([spearmanr(*pair).statistic for pair in pairs]) - found.value) ** 2)
    assert found.half_sample_error == pytest.approx(np.sqrt(np.mean(squares)))


def test_a_feature_of_few_large_rows_has_a_half_sample_error_where_groups_show_none() -> None:
    rng = np.random.default_rng(3)
    samples = [
        stability.rank_stability(rng.lognormal(0, 2, (300, 4)) * [1, 1.7, 2.3, 3], 0) for _ in range(60)
    ]
    truth = np.mean([one.value for one in samples])
    lucky = [one for one in samples if one.value - 2.1 * one.error > truth]
    assert len(lucky) > 2
    assert sum(one.value - 2.1 * one.half_sample_error > truth for one in samples) <= 2


@pytest.mark.parametrize(
    ("rows", "carriers", "bounded"),
    [(50, 0, False), (50, 2, False), (50, 3, True), (99, 2, False), (100, 0, True)],
)
def test_of_few_rows_a_feature_that_hardly_any_carries_has_any_rank(
    rows: int, carriers: int, bounded: bool
) -> None:
    size = np.random.default_rng(7).random((rows, 4)) * [1, 2, 4, 0]
    size[:carriers, 3] = 9.0
    assert stability.rank_stability(size, 0).bounded is bounded
    # as many copies of one case say no more than the case
    copies, who = np.repeat(size, 2, axis=0), np.repeat(np.arange(rows), 2)
    assert stability.rank_stability(copies, 0, clusters=who).bounded is bounded


def test_the_interval_is_then_open_below() -> None:
    known = {"groups": [20.0], "step": [0.1], "half_sample_error": [0.05]}
    measured = [
        Measurement(metric="x", value=value, n=50, method="stability-z", se=0.02, counts=counts)
        for value in (0.7, 1.0)
        for counts in (known, known | {"unbounded_below": [1.0]})
    ]
    limits = np.array(intervals(measured, 0.95), float)
    assert (limits[:, 0] == -1).tolist() == [False, True, False, True]
    assert limits[::2, 1].tolist() == limits[1::2, 1].tolist()
