"""Limits of one proportion against scipy's exact test and a published example."""

import numpy as np
import pytest
from scipy import special, stats

from audit.stats.proportions import clopper_pearson


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize("n", [1, 2, 10, 137])
def test_equals_the_exact_interval_of_scipy(n: int, confidence: float) -> None:
    ours = clopper_pearson(np.arange(n + 1.0), np.full(n + 1, float(n)), (1 - confidence) / 2)
    for k in range(n + 1):
        theirs = stats.binomtest(k, n).proportion_ci(confidence, method="exact")
        assert ours.low[k] == pytest.approx(theirs.low, abs=1e-9)
        assert ours.high[k] == pytest.approx(theirs.high, abs=1e-9)


def test_published_example() -> None:
    # Fagerland, Lydersen and Laake, "Statistical Analysis of Contingency Tables" (2017), chapter 2
    limits = clopper_pearson(np.array(13.0), np.array(16.0), 0.025)
    assert (round(float(limits.low), 4), round(float(limits.high), 4)) == (0.5435, 0.9595)


def test_effective_counts_satisfy_the_two_tests_that_define_the_limits() -> None:
    limits = clopper_pearson(np.array(3.7), np.array(11.2), 0.025)
    assert special.betainc(3.7, 11.2 - 3.7 + 1, limits.low) == pytest.approx(0.025)
    assert special.betaincc(3.7 + 1, 11.2 - 3.7, limits.high) == pytest.approx(0.025)


def test_small_errors_keep_their_precision() -> None:
    limits = clopper_pearson(np.array(0.0), np.array(40.0), 5e-13)
    assert 1 - limits.high == pytest.approx(5e-13 ** (1 / 40), rel=1e-9)


def test_rounding_of_weighted_sums_is_no_observation() -> None:
    k = np.array([1e-13, 7 - 1e-13, 7 + 1e-13])
    limits = clopper_pearson(k, np.full(3, 7.0), 0.025)
    assert limits.low[0] == 0
    assert limits.high[1] == limits.high[2] == 1
    assert limits.estimate[2] == 1
