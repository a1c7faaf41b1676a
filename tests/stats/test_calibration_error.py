"""The calibration error's limits against simulated sums of absolute gaps, and what must hold of any bins."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from audit.result import Measurement
from audit.stats import interval
from audit.stats.calibration_error import calibration_error

PREDICTED = np.linspace(0.05, 0.95, 10)


def drawn(true: np.ndarray, rows: int, runs: int) -> np.ndarray:
    """(k, n, s) of ten bins of equal size, drawn with a seed."""
    k = np.random.default_rng(5).binomial(rows, true, (runs, 10)).astype(float)
    return np.stack([k, np.full_like(k, rows), np.broadcast_to(rows * PREDICTED, k.shape)], axis=-1)


@pytest.mark.parametrize("rows", [20, 100, 1000])
def test_a_perfect_calibration_is_ruled_out_as_rarely_as_asked(rows: int) -> None:
    found = calibration_error(drawn(PREDICTED, rows, 4000), 0.025)
    assert 0.015 < np.mean(found.low > 0) < 0.035
    assert (found.high > 0).all()


@pytest.mark.parametrize(
    "off", [np.full(10, 0.05), np.eye(10)[3] * 0.3, np.where(PREDICTED < 0.5, 0.15, 0.0)], ids=str
)
@pytest.mark.parametrize("rows", [100, 1000])
def test_neither_side_misses_the_truth_too_often(off: np.ndarray, rows: int) -> None:
    found = calibration_error(drawn(np.clip(PREDICTED + off, 0, 1), rows, 4000), 0.025)
    truth = np.abs(np.clip(PREDICTED + off, 0, 1) - PREDICTED).mean()
    assert np.mean(found.low > truth) < 0.05 and np.mean(found.high < truth) < 0.035
    assert np.mean((found.low <= truth) & (truth <= found.high)) >= 0.935


def test_one_bin_is_ruled_out_where_its_absolute_gap_is_rare() -> None:
    """The absolute value of a normal variable exceeds 2.24 standard deviations in 2.5 % of cases."""
    rows, sd = 10_000, 0.005
    gaps = np.array([2.1, 2.4]) * sd
    bins = np.array([[[rows * (0.5 + gap), rows, rows * 0.5]] for gap in gaps])
    low = calibration_error(bins, 0.025).low
    assert (
        low[0] == 0.0 and 0.0 < low[1] < gaps[1] and stats.norm.sf(2.24) * 2 == pytest.approx(0.025, abs=2e-4)
    )


def test_gaps_far_above_their_noise_have_the_limits_of_a_mean() -> None:
    """Then the signs are known, and the error is the mean of the signed gaps of all rows."""
    bins = np.array([[9000.0, 10000.0, 4000.0], [3000.0, 10000.0, 4000.0]])
    error = np.concatenate([np.repeat([0.6, -0.4], [9000, 1000]), np.repeat([0.4, -0.6], [7000, 3000])])
    reach = 1.96 * error.std() / np.sqrt(20_000)
    found = calibration_error(bins, 0.025)
    assert found.estimate == pytest.approx(error.mean())
    assert (found.low, found.high) == pytest.approx(
        (error.mean() - reach, error.mean() + reach), abs=0.03 * reach
    )


def test_bins_without_rows_and_other_tables_beside_change_nothing() -> None:
    bins = np.array([[2.0, 20.0, 1.4], [9.0, 15.0, 8.1], [30.0, 31.0, 27.0]])
    padded = np.zeros((2, 6, 3))
    padded[0, 1:4], padded[1, 0] = bins, [10, 1000, 900.0]
    alone, beside = calibration_error(bins, 0.025), calibration_error(padded, 0.025)
    assert [part[0] for part in beside] == pytest.approx([float(part) for part in alone])
    assert 0.87 < beside.low[1] < beside.estimate[1] < beside.high[1] < 0.91


def test_no_rows_no_limits() -> None:
    assert np.isnan(calibration_error(np.zeros((3, 3)), 0.025)).all()
    assert interval(Measurement(metric="x", value=math.nan, n=0, method="calibration-bins"), 0.95) is None


def test_a_measurement_has_the_limits_of_its_bins() -> None:
    counts = {"0": [20.0, 100.0, 10.0], "1": [150.0, 200.0, 190.0]}
    found = calibration_error(np.array(list(counts.values())), 0.05)
    m = Measurement(
        metric="x.y", value=float(found.estimate), n=300, method="calibration-bins", counts=counts
    )
    assert interval(m, 0.9) == pytest.approx((float(found.low), float(found.high)))
    assert found.estimate == pytest.approx(50 / 300)


TABLES = [
    [(130, 200, 100.0), (60, 150, 45.0), (41, 100, 40.0)],  # the last one is within its noise
    [(24, 40, 10.0), (33, 35, 20.0)],
    [(0, 60, 9.0), (50, 50, 43.0), (500, 1000, 440.0)],
]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("tail", [0.025, 0.005])
def test_both_limits_solve_their_equations(table: list[tuple[float, ...]], tail: float) -> None:
    """The moments of absolute values are scipy's of a folded normal variable, bin by bin."""
    k, n, s = np.array(table, float).T
    share, predicted, rows, z = n / n.sum(), s / n, n.sum(), stats.norm.isf(tail)
    gap, smooth = k / n - predicted, (k + 2) / (n + 4)
    noise = smooth * (1 - smooth) / n
    error = (share * abs(gap)).sum()
    drawn = ((share * gap**2).sum() - error**2) / rows
    found = calibration_error(np.array(table), tail)
    assert found.estimate == pytest.approx(error)
    low, high = stats.beta.ppf(tail, k, n - k + 1), stats.beta.isf(tail, k + 1, n - k)
    low, high = np.where(k > 0, low, 0.0), np.where(k < n, high, 1.0)
    reach = np.maximum(high - predicted, predicted - low) - abs(gap)
    assert found.high == pytest.approx(error + math.sqrt((share**2 * reach**2).sum() + z**2 * drawn))
    direction = gap * np.maximum(1 - 4 * noise / gap**2, 0)
    true = direction * float(found.low) / (share * abs(direction)).sum()
    rate = predicted + true
    assert found.low > 0 and ((rate > 0) & (rate < 1)).all()
    sd = share * np.sqrt(rate * (1 - rate) / n)
    mean, variance, skewness = stats.foldnorm(share * abs(true) / sd, scale=sd).stats("mvs")
    drawn = ((share * true**2).sum() - (share * abs(true)).sum() ** 2) / rows
    spread = variance.sum() + drawn
    skew = (skewness * variance**1.5).sum() / spread**1.5
    normal = 2 / skew * ((1 + skew * z / 6 - skew**2 / 36) ** 3 - 1)
    quantile = mean.sum() + math.sqrt(spread) * normal
    least = np.maximum(np.maximum(low - predicted, predicted - high), 0)
    drawn = ((share * gap**2).sum() - error**2) / rows
    exact = error - math.sqrt((share**2 * (abs(gap) - least) ** 2).sum() + z**2 * drawn)
    assert found.low <= exact + 1e-12 and quantile <= error * (1 + 1e-7)
    assert found.low == pytest.approx(exact) or quantile == pytest.approx(error, rel=1e-7)


@pytest.mark.parametrize(
    ("k", "n", "score"), [(194, 200, 0.995), (198, 200, 0.999), (200, 200, 0.995), (3, 400, 0.001)]
)
def test_one_confident_bin_has_exact_limits(k: int, n: int, score: float) -> None:
    """Its gap is as far from 0 as Clopper and Pearson's limits of its rate are from the prediction."""
    found = calibration_error(np.array([[k, n, n * score]]), 0.025)
    limits = stats.binomtest(k, n).proportion_ci(0.95, "exact")
    assert found.high == pytest.approx(max(abs(limits.low - score), abs(limits.high - score)))
    assert found.low <= max(0.0, limits.low - score, score - limits.high) + 1e-12
    mirrored = calibration_error(np.array([[n - k, n, n * (1 - score)]]), 0.025)
    assert [float(part) for part in mirrored] == pytest.approx([float(part) for part in found])


@pytest.mark.parametrize(("true", "score"), [(0.97, 0.995), (0.99, 0.999), (0.02, 0.003)])
@pytest.mark.parametrize("rows", [100, 200, 500])
def test_the_error_of_a_confident_bin_is_covered(true: float, score: float, rows: int) -> None:
    """By enumeration: each number of favourable rows with its binomial probability."""
    k = np.arange(rows + 1.0)
    bins = np.stack([k, np.full_like(k, rows), np.full_like(k, rows * score)], axis=-1)[:, None]
    found = calibration_error(bins, 0.025)
    probability = stats.binom.pmf(k, rows, true)
    truth = abs(true - score)
    assert probability @ (found.high < truth) <= 0.025
    assert probability @ (found.low > truth) <= 0.025


def test_no_error_is_above_1() -> None:
    found = calibration_error(np.array([[10.0, 10.0, 0.0]]), 0.025)
    assert found.estimate == found.high == 1.0 and 0.0 < found.low < 1.0


def test_a_bin_of_less_than_one_effective_row_is_one_of_so_many() -> None:
    found = calibration_error(np.array([[0.1, 0.5, 0.4], [3.0, 4.0, 2.0]]), 0.025)
    assert found.estimate == pytest.approx((0.3 + 1.0) / 4.5)
