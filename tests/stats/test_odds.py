"""The average-odds family against a search over the box of what the four rates can be."""

import itertools

import numpy as np
import pytest

from audit.result import Measurement
from audit.stats import interval
from audit.stats.odds import average_abs_odds, average_odds, equalized_odds
from audit.stats.proportions import Limits, clopper_pearson

KEYS = [f"{who}_{what}_positive" for who in ("unprivileged", "privileged") for what in ("true", "false")]
CASES = [
    [(30, 50), (5, 50), (40, 50), (10, 50)],
    [(3, 3), (0, 4), (1, 9), (7, 8)],
    [(5, 10), (5, 10), (5, 10), (5, 10)],
    [(900, 1000), (40, 500), (300, 1000), (200, 500)],
]


def rates(case: list[tuple[int, int]]) -> dict[str, Limits]:
    cells = (clopper_pearson(np.array(float(k)), np.array(float(n)), 0.0125) for k, n in case)
    return dict(zip(KEYS, cells, strict=True))


@pytest.mark.parametrize("case", CASES)
def test_signed_average_recovers_the_variance_of_each_part(case: list[tuple[int, int]]) -> None:
    found = average_odds(rates(case))
    tu, fu, tp, fp = rates(case).values()
    value = (tu.estimate - tp.estimate + fu.estimate - fp.estimate) / 2
    below = [tu.estimate - tu.low, fu.estimate - fu.low, tp.high - tp.estimate, fp.high - fp.estimate]
    above = [tu.high - tu.estimate, fu.high - fu.estimate, tp.estimate - tp.low, fp.estimate - fp.low]
    assert found.estimate == pytest.approx(value)
    assert found.low == pytest.approx(max(value - np.linalg.norm(below) / 2, -1))
    assert found.high == pytest.approx(min(value + np.linalg.norm(above) / 2, 1))


def difference_limits(one: Limits, two: Limits) -> tuple[float, float]:
    value = one.estimate - two.estimate
    low = value - np.hypot(one.estimate - one.low, two.high - two.estimate)
    return low, value + np.hypot(one.high - one.estimate, two.estimate - two.low)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("combine", "truth"),
    [
        (average_abs_odds, lambda a, b: (abs(a) + abs(b)) / 2),
        (equalized_odds, lambda a, b: max(abs(a), abs(b))),
    ],
)
def test_absolute_values_reach_exactly_the_box_of_both_differences(combine, truth, case) -> None:
    tu, fu, tp, fp = rates(case).values()
    grids = []
    for low, high in (difference_limits(tu, tp), difference_limits(fu, fp)):
        points = np.linspace(low, high, 41)
        grids.append([*points, 0.0] if low <= 0 <= high else points)
    values = [truth(a, b) for a, b in itertools.product(*grids)]
    found = combine(rates(case))
    assert (found.low, found.high) == pytest.approx((min(values), max(values)), abs=1e-12)
    assert found.estimate == pytest.approx(truth(tu.estimate - tp.estimate, fu.estimate - fp.estimate))


@pytest.mark.parametrize(
    ("method", "combine"),
    [("average-abs-odds-difference", average_abs_odds), ("equalized-odds-difference", equalized_odds)],
)
def test_error_is_halved_between_the_two_differences(method, combine) -> None:
    counts = {key: [float(k), float(n)] for key, (k, n) in zip(KEYS, CASES[3], strict=True)}
    expected = combine(rates(CASES[3]))  # at 1.25 % on each side
    m = Measurement(metric="x", value=float(expected.estimate), n=3000, method=method, counts=counts)
    assert interval(m, 0.95) == pytest.approx((expected.low, expected.high))
