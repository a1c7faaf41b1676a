"""The largest of several estimates: by brute force over all of them, and by simulation where they tie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from audit.result import Measurement
from audit.stats import interval
from audit.stats.maximum import contenders, largest

ESTIMATES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.2)), min_size=1, max_size=9)


@given(estimates=ESTIMATES, tail=st.sampled_from([0.1, 0.025, 1e-4, 1e-9]))
def test_contenders_give_the_limits_of_all(estimates: list[tuple[float, float]], tail: float) -> None:
    values, errors = (list(part) for part in zip(*estimates, strict=True))
    places = contenders(values, errors)
    limits = largest([values[i] for i in places], [errors[i] for i in places], len(values), 200, tail)
    upper = max(v + stats.t.isf(tail, 199) * e for v, e in estimates)
    assert limits and limits[1] == pytest.approx(upper, abs=1e-9)
    assert limits[0] <= max(values) <= limits[1]


def test_the_lower_limit_pays_for_the_choice() -> None:
    limits = largest([0.5, 0.4], [0.02, 0.03], 7, 101, 0.025)
    assert limits == pytest.approx(
        (0.5 - 0.02 * stats.t.isf(0.025 / 7, 100), 0.5 + 0.02 * stats.t.isf(0.025, 100))
    )


@pytest.mark.parametrize("truth", [np.full(7, 0.3), np.array([0.5, 0.5, 0.2]), np.array([0.9, 0.1])])
def test_each_limit_errs_in_at_most_its_part_of_draws(truth: np.ndarray) -> None:
    """The best of ties comes out too great nearly always; its own plain interval would start above the truth."""
    rng, low, high = np.random.default_rng(0), 0, 0
    for _ in range(2000):
        values = truth + 0.05 * rng.standard_normal(len(truth))
        order = np.argsort(-values)
        limits = largest(list(values[order]), [0.05] * len(truth), len(truth), 1e6, 0.025)
        assert limits
        low, high = low + (limits[0] > truth.max()), high + (limits[1] < truth.max())
    assert max(low, high) <= stats.binom.ppf(0.999, 2000, 0.025)


def largest_share(**changed: list[float]) -> Measurement:
    counts = {"rows": [200.0], "number": [3.0], "values": [0.5, 0.3], "errors": [0.01, 0.02]} | changed
    return Measurement(metric="x.y", value=0.5, n=200, method="largest-t", counts=counts)


def test_a_measurement_has_it_at_any_confidence() -> None:
    wide, narrow = interval(largest_share(), 0.999), interval(largest_share(), 0.9)
    assert wide and narrow and wide[0] < narrow[0] < 0.5 < narrow[1] < wide[1]
    assert interval(largest_share(rows=[1.0]), 0.95) is None
    assert interval(largest_share(errors=[0.01, float("nan")]), 0.95) is None


def test_one_row_bounds_nothing_and_what_is_less_and_errs_as_much_is_no_contender() -> None:
    assert largest([0.5, 0.3], [0.01, 0.02], 2, 1.0, 0.025) is None
    assert largest([], [], 0, 200.0, 0.025) is None
    assert largest([0.5], [0.01], 1, 2.0, 0.025) is not None
    assert contenders([0.4, 0.5, 0.3], [0.1, 0.1, 0.2]) == [1, 2]


def stability(value: float, se: float | None = 0.01, step: float = 0.03, groups: float = 20) -> Measurement:
    counts = {"groups": [groups], "step": [step]}
    return Measurement(metric="x.y", value=value, n=200, method="stability-z", se=se, counts=counts)


def test_ranks_that_always_agree_may_still_differ_by_a_pair() -> None:
    assert interval(stability(1.0, 0.0), 0.95) == pytest.approx((0.97, 1.0))
    assert interval(stability(1.0, 0.1), 0.95) == pytest.approx((1 - 0.1 * stats.t.isf(0.025, 19), 1.0))
    assert interval(stability(1.0, 1.0, step=2.0), 0.95) == (-1.0, 1.0)


def test_a_stability_is_bounded_on_fisher_s_scale() -> None:
    limits = interval(stability(0.8, 0.05), 0.95)
    half = 0.05 * stats.t.isf(0.025, 19) / (1 - 0.8**2)
    assert limits == pytest.approx((np.tanh(np.arctanh(0.8) - half), np.tanh(np.arctanh(0.8) + half)))
    assert interval(stability(0.8, None), 0.95) is None and interval(stability(float("nan")), 0.95) is None
    assert interval(stability(-1.0), 0.95) is None and interval(stability(0.8, groups=1), 0.95) is None
