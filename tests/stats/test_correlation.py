"""Limits of a rank correlation, against values by hand and against scipy's for Pearson's correlation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from audit.result import Measurement
from audit.stats import interval, p_outside

from .known import known_interval


def correlation(value: float, rows: float) -> Measurement:
    return Measurement(metric="x", value=value, n=int(rows), method="fisher-z", counts={"rows": [rows]})


# by q = (1 + r) / (1 - r) * exp(-+2 * z * sqrt((1 + r^2 / 2) / (n - 3))) and (q - 1) / (q + 1), in decimals
BY_HAND = [
    (0.0, 19, 0.95, -0.4542092863986, 0.4542092863986),
    (0.5, 28, 0.95, 0.1327469037222, 0.7465330578415),
    (-0.5, 28, 0.95, -0.7465330578415, -0.1327469037222),
    (0.8, 103, 0.90, 0.7209560564949, 0.8584944632793),
]


@pytest.mark.parametrize(("r", "n", "confidence", "low", "high"), BY_HAND)
def test_by_hand(r: float, n: int, confidence: float, low: float, high: float) -> None:
    assert interval(correlation(r, n), confidence) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_wider_than_pearsons_by_the_factor_on_the_z_scale(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.permuted(np.tile(np.arange(20.0), (2, 1)), axis=1)
    found = stats.pearsonr(one, other + 0.5 * seed * one)
    r = float(found.statistic)
    pearson = np.arctanh(found.confidence_interval(0.9))
    mine = np.arctanh(known_interval(correlation(r, 20), 0.9))
    assert mine.mean() == pytest.approx(pearson.mean())
    assert np.ptp(mine) == pytest.approx(np.ptp(pearson) * math.sqrt(1 + r**2 / 2))


def test_the_p_value_is_that_of_a_normal_on_the_z_scale() -> None:
    z = (math.atanh(0.5) - math.atanh(0.8)) / math.sqrt((1 + 0.125) / 25)
    assert p_outside(correlation(0.5, 28), 0.8, 1.0) == pytest.approx(2 * stats.norm.cdf(z), rel=1e-6)


@pytest.mark.parametrize(
    ("r", "n"), [(0.5, 3), (0.5, 2), (0.5, 0), (1.0, 50), (-1.0, 50), (math.nan, 50), (1.5, 50), (0.5, math.nan)]
)  # fmt: skip
def test_none_where_there_is_nothing_to_tell(r: float, n: float) -> None:
    m = Measurement(metric="x", value=r, n=50, method="fisher-z", counts={"rows": [n]})
    assert interval(m, 0.95) is None
