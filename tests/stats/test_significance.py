"""p-values that are read off the intervals, against the tests that the intervals invert."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from audit.result import Measurement
from audit.stats import p_outside

from .known import known_interval


def rate(k: float, n: float) -> Measurement:
    return Measurement(metric="x", value=k / n, n=int(n), method="clopper-pearson", counts={"rate": [k, n]})


def pair(method: str, value: float, one: list[float], two: list[float]) -> Measurement:
    counts = {"unprivileged": one, "privileged": two}
    return Measurement(metric="x", value=value, n=1, method=method, counts=counts)


@pytest.mark.parametrize(("k", "n", "limit"), [(60, 100, 0.7), (3, 10, 0.8), (0, 30, 0.1), (700, 1000, 0.8)])
def test_a_rate_below_its_limit_has_twice_the_binomial_tail(k: int, n: int, limit: float) -> None:
    assert p_outside(rate(k, n), limit, math.inf) == pytest.approx(2 * stats.binom.cdf(k, n, limit), rel=1e-6)
    mirrored = p_outside(rate(n - k, n), -math.inf, 1 - limit)
    assert mirrored == pytest.approx(2 * stats.binom.cdf(k, n, limit), rel=1e-6)


def test_a_mean_has_students_p_value() -> None:
    m = Measurement(metric="x", value=0.3, n=12, method="mean-t", counts={"rows": [12]}, se=0.05)
    assert p_outside(m, -math.inf, 0.2) == pytest.approx(2 * stats.t.sf(2, 11), rel=1e-6)


def test_within_limits_and_undecidable_are_1() -> None:
    assert p_outside(rate(80, 100), 0.8, 1.0) == 1
    assert p_outside(rate(80, 100), 0.0, 0.8) == 1
    assert p_outside(rate(0, 1), 0.0001, 1.0) == 1
    none = Measurement(metric="x", value=3.0, n=1, method="none")
    assert p_outside(none, 0.0, 1.0) == 1
    assert p_outside(pair("mover-ratio", math.nan, [0, 10], [0, 10]), 0.8, 1.25) == 1


def test_an_infinite_ratio_can_lie_outside() -> None:
    m = pair("mover-ratio", math.inf, [9, 10], [0, 40])
    assert p_outside(m, 0.8, 1.25) < 1e-4
    assert p_outside(m, 0.8, math.inf) == 1


def test_the_smallest_that_is_told_apart() -> None:
    assert p_outside(rate(0, 100_000), 0.5, 1.0) == 1e-12


@settings(max_examples=50)
@given(
    st.integers(1, 300), st.integers(1, 300), st.floats(0, 1), st.floats(0, 1), st.floats(-0.5, 0.5),
    st.sampled_from([0.2, 0.05, 0.01, 1e-5]),
)  # fmt: skip
def test_says_outside_exactly_when_the_interval_does(
    n: int, m: int, one: float, two: float, low: float, alpha: float
) -> None:
    k, j = round(one * n), round(two * m)
    difference = pair("mover-difference", k / n - j / m, [k, n], [j, m])
    p = p_outside(difference, low, low + 0.2)
    if p < 1:  # the error that is returned is one at which the interval does lie outside
        least, most = known_interval(difference, 1 - p)
        assert most < low or least > low + 0.2
    wider = known_interval(difference, 1 - alpha * 0.999)
    narrower = known_interval(difference, 1 - alpha * 1.001)
    if p <= alpha:
        assert narrower[1] < low or narrower[0] > low + 0.2
    else:
        assert wider[1] >= low
        assert wider[0] <= low + 0.2
