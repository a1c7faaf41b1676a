"""MOVER against published intervals: over Wilson's limits, as they were published."""

import math

import numpy as np
import pytest
from scipy import stats

from audit.stats.mover import linear, ratio
from audit.stats.proportions import Limits, clopper_pearson

from .known import scalar


def wilson(k: int, n: int) -> Limits:
    interval = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
    return Limits(scalar(k / n), scalar(interval.low), scalar(interval.high))


def exact(k: float, n: float) -> Limits:
    return clopper_pearson(np.array(k), np.array(n), 0.025)


@pytest.mark.parametrize(
    ("one", "two", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0000),
        ((10, 10), (0, 10), 0.6075, 1.0000),
        # Fagerland, Lydersen and Laake (2017), chapter 4: the trial of Perondi et al.
        ((7, 34), (1, 34), 0.0189, 0.3404),
    ],
)
def test_difference_as_published(one: tuple[int, int], two: tuple[int, int], low: float, high: float) -> None:
    limits = linear([(1.0, wilson(*one)), (-1.0, wilson(*two))])
    assert limits.estimate == pytest.approx(one[0] / one[1] - two[0] / two[1])
    assert limits.low == pytest.approx(low, abs=5.1e-5)
    assert limits.high == pytest.approx(high, abs=5.1e-5)


def test_ratio_as_published() -> None:
    # Fagerland, Lydersen and Laake (2017), chapter 4, MOVER-R over Wilson's limits
    limits = ratio(wilson(7, 34), wilson(1, 34))
    assert limits.estimate == pytest.approx(7.0)
    assert limits.low == pytest.approx(1.1537, abs=5.1e-5)
    assert limits.high == pytest.approx(41.9763, abs=5.1e-5)


@pytest.mark.parametrize(("one", "two"), [((7, 34), (12, 40)), ((3, 5), (90, 100)), ((99, 100), (2, 9))])
def test_ratio_equals_the_quadratic_as_it_is_printed(one: tuple[int, int], two: tuple[int, int]) -> None:
    (p, a, b), (q, c, d) = exact(*one), exact(*two)
    low = (p * q - math.sqrt((p * q) ** 2 - a * d * (2 * p - a) * (2 * q - d))) / (d * (2 * q - d))
    high = (p * q + math.sqrt((p * q) ** 2 - b * c * (2 * p - b) * (2 * q - c))) / (c * (2 * q - c))
    assert ratio(exact(*one), exact(*two))[1:] == pytest.approx((low, high), rel=1e-9)


def test_ratio_with_empty_cells() -> None:
    nothing, some = exact(0, 20), exact(6, 12)
    assert ratio(nothing, some).low == 0
    assert 0 < ratio(nothing, some).high < 1
    assert ratio(some, nothing).high == math.inf
    assert ratio(some, nothing).low > 1
    assert (float(ratio(nothing, nothing).low), float(ratio(nothing, nothing).high)) == (0, math.inf)
    assert ratio(some, exact(0, 1)).low > 0


def test_weights_other_than_one() -> None:
    parts = [exact(3, 9), exact(5, 8), exact(1, 4)]
    limits = linear([(1 / 3, part) for part in parts])
    below = sum((part.estimate - part.low) ** 2 for part in parts)
    above = sum((part.high - part.estimate) ** 2 for part in parts)
    mean = (3 / 9 + 5 / 8 + 1 / 4) / 3
    assert limits == pytest.approx((mean, mean - math.sqrt(below) / 3, mean + math.sqrt(above) / 3))


def test_limits_beyond_0_and_1_do_not_carry_a_difference_beyond_its_range() -> None:
    low = Limits(scalar(0.1), scalar(-0.4), scalar(0.6))
    high = Limits(scalar(0.9), scalar(0.4), scalar(1.4))
    assert linear([(1.0, low), (-1.0, high)]).low == -1
    assert linear([(1.0, high), (-1.0, low)]).high == 1


def test_arrays_broadcast() -> None:
    k = np.arange(4.0)
    one = clopper_pearson(k[:, None], np.full((4, 1), 3.0), 0.025)
    two = clopper_pearson(k[None], np.full((1, 4), 3.0), 0.025)
    both = linear([(1.0, one), (-1.0, two)]), ratio(one, two)
    single = linear([(1.0, exact(2, 3)), (-1.0, exact(1, 3))]), ratio(exact(2, 3), exact(1, 3))
    for table, cell in zip(both, single, strict=True):
        assert [part[2, 1] for part in table] == pytest.approx([float(part) for part in cell])
