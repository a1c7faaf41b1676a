"""Test of homogeneity: SciPy's chi-squared test in large groups, its level by simulation in small ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from audit.stats.homogeneity import homogeneity_p


@pytest.mark.parametrize("rates", [(0.5, 0.5, 0.5), (0.5, 0.52, 0.48), (0.3, 0.35, 0.3, 0.33)])
def test_large_groups_are_tested_as_by_scipy(rates: tuple[float, ...]) -> None:
    trials = np.full(len(rates), 20_000.0)
    events = trials * rates
    expected = chi2_contingency([events, trials - events], correction=False).pvalue
    assert homogeneity_p(events, trials) == pytest.approx(expected, rel=2e-3, abs=1e-12)


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("sizes", [[4] * 150, [5, 10, 20, 40] * 5, [60, 60], [150] * 6, [1, 190]])
def test_equal_rates_are_rarely_taken_for_different_ones(rate: float, sizes: list[int]) -> None:
    """Nominal 1 %: at most 2.5 % of 2,000 samples, in groups of any size."""
    random = np.random.default_rng(0)
    trials = np.array(sizes, float)
    samples = random.binomial(np.array(sizes), rate, (2000, len(sizes)))
    false = np.mean([homogeneity_p(events.astype(float), trials) < 0.01 for events in samples])
    assert false <= 0.025


def test_opposite_groups_of_four_rows_are_recognized() -> None:
    random = np.random.default_rng(1)
    rates = np.where(np.arange(100) % 2, 0.8, 0.2)
    trials = np.full(100, 4.0)
    powers = [homogeneity_p(random.binomial(4, rates).astype(float), trials) < 0.01 for _ in range(200)]
    assert np.mean(powers) > 0.99


@pytest.mark.parametrize(
    ("events", "trials"), [([], []), ([3], [4]), ([0, 0], [4, 4]), ([4, 4], [4, 4]), ([2, 0], [4, 0])]
)
def test_where_nothing_can_differ_the_p_value_is_1(events: list[float], trials: list[float]) -> None:
    assert homogeneity_p(np.array(events, float), np.array(trials, float)) == 1.0
