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
    bins = np.array([[900.0, 1000.0, 400.0], [300.0, 1000.0, 400.0]])
    error = np.concatenate([np.repeat([0.6, -0.4], [900, 100]), np.repeat([0.4, -0.6], [700, 300])])
    reach = 1.96 * error.std() / np.sqrt(2000)
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
    assert found.high == pytest.approx(error + z * math.sqrt((share**2 * noise).sum() + drawn))
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
    assert mean.sum() + math.sqrt(spread) * normal == pytest.approx(error, rel=1e-7)


def test_no_error_is_above_1() -> None:
    found = calibration_error(np.array([[10.0, 10.0, 0.0]]), 0.025)
    assert found.estimate == found.high == 1.0 and 0.0 < found.low < 1.0


def test_a_bin_of_less_than_one_effective_row_is_one_of_so_many() -> None:
    found = calibration_error(np.array([[0.1, 0.5, 0.4], [3.0, 4.0, 2.0]]), 0.025)
    assert found.estimate == pytest.approx((0.3 + 1.0) / 4.5)
