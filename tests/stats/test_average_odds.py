"""The average-odds family against MOVER by hand over all signs, and by enumeration of all outcomes."""

import numpy as np
import pytest
from scipy import stats

from audit.result import Measurement
from audit.stats import interval
from audit.stats.average_odds import average_abs_odds, average_odds, equalized_odds
from audit.stats.proportions import Limits, clopper_pearson

from .known import scalar

KEYS = [f"{who}_{what}_positive" for who in ("unprivileged", "privileged") for what in ("true", "false")]
CASES = [
    [(30, 50), (5, 50), (40, 50), (10, 50)],
    [(3, 3), (0, 4), (1, 9), (7, 8)],
    [(5, 10), (5, 10), (5, 10), (5, 10)],
    [(900, 1000), (40, 500), (300, 1000), (200, 500)],
]


def rates(case: list[tuple[int, int]], tail: float = 0.025) -> dict[str, Limits]:
    cells = (clopper_pearson(np.array(float(k)), np.array(float(n)), tail) for k, n in case)
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


def largest(case: list[tuple[int, int]], weigh: list[tuple[float, float]], tail: float, upper: bool) -> float:
    """The largest limit of ``a * TPR difference + b * FPR difference`` over all (a, b), each by MOVER."""
    tu, fu, tp, fp = rates(case, tail).values()
    found = []
    for a, b in weigh:
        value = squares = scalar(0.0)
        for weight, part in ((a, tu), (-a, tp), (b, fu), (-b, fp)):
            end = part.high if (weight > 0) == upper else part.low
            value, squares = value + weight * part.estimate, squares + (weight * (end - part.estimate)) ** 2
        least, most = (sum(sign * abs(x) for x in (a, b)) for sign in (-1, 1))
        found.append(min(max(value + (1 if upper else -1) * np.sqrt(squares), least), most))
    return max(found)


HALVES = [(0.5, 0.5), (0.5, -0.5), (-0.5, 0.5), (-0.5, -0.5)]
SINGLE = [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)]
SIDAK = 1 - np.sqrt(1 - 0.025)


@pytest.mark.parametrize("case", CASES)
def test_absolute_values_are_the_largest_of_four(case: list[tuple[int, int]]) -> None:
    mean = limits("average-abs-odds-difference", case)
    assert mean == pytest.approx(
        (max(largest(case, HALVES, SIDAK, False), 0), largest(case, HALVES, 0.025, True))
    )
    low, high = limits("equalized-odds-difference", case)
    assert high == pytest.approx(largest(case, SINGLE, 0.025, True))
    shared, whole = (max(largest(case, SINGLE, tail, False), 0) for tail in (SIDAK, 0.025))
    assert shared - 1e-12 <= low <= whole + 1e-12 and (low == 0) == (shared == 0)


def test_only_a_difference_that_may_be_the_larger_one_takes_a_share_of_the_error() -> None:
    alone = [(700, 1000), (500, 1000), (900, 1000), (500, 1000)]
    low, _ = limits("equalized-odds-difference", alone)
    assert low == pytest.approx(largest(alone, SINGLE, 0.025, False), abs=1e-9)
    level = [(700, 1000), (300, 1000), (900, 1000), (500, 1000)]
    low, _ = limits("equalized-odds-difference", level)
    assert low == pytest.approx(largest(level, SINGLE, SIDAK, False), abs=1e-4)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 0, 3, 2)], ids=["the first is larger", "the second"])
def test_the_share_of_the_error_is_how_likely_the_smaller_one_is_seen_as_large(
    order: tuple[int, ...],
) -> None:
    """0.3 of many rows beside 0.02 of few, which vary so much that in 1 of 200 samples they are the larger one."""
    sure, unsure = ((650, 1000), (350, 1000)), ((24, 50), (23, 50))
    table = [sure[0], unsure[0], sure[1], unsure[1]]
    case = [table[place] for place in order]
    shared, whole = (largest(case, SINGLE, tail, False) for tail in (SIDAK, 0.025))
    one, two = (clopper_pearson(np.array(float(k)), np.array(float(n)), 0.025) for k, n in unsure)
    below = np.hypot(one.estimate - one.low, two.high - two.estimate)
    above = np.hypot(one.high - one.estimate, two.estimate - two.low)
    sd = (below + above) / 2 / stats.norm.isf(0.025)
    likely = stats.norm.cdf((0.02 - 0.3) / sd) + stats.norm.cdf((-0.02 - 0.3) / sd)
    share = likely / (0.025 - SIDAK)
    low, _ = limits("equalized-odds-difference", case)
    assert 0.3 < share < 0.9 and low == pytest.approx(whole - share * (whole - shared), abs=1e-9)


def limits(method: str, case: list[tuple[int, int]]) -> tuple[float, float]:
    counts = {key: [float(k), float(n)] for key, (k, n) in zip(KEYS, case, strict=True)}
    tu, fu, tp, fp = (k / n for k, n in case)
    gaps = [abs(tu - tp), abs(fu - fp)]
    value = sum(gaps) / 2 if method.startswith("average") else max(gaps)
    found = interval(Measurement(metric="x", value=value, n=9999, method=method, counts=counts), 0.95)
    assert found is not None
    return found


N = 14
TRUTHS = [
    (0.5, 0.5, 0.5, 0.5),
    (0.8, 0.2, 0.8, 0.2),
    (0.4, 0.3, 0.8, 0.3),
    (0.3, 0.2, 0.8, 0.7),
    (0.3, 0.7, 0.8, 0.2),
]


@pytest.mark.parametrize("truth", TRUTHS)
@pytest.mark.parametrize("combine", [average_abs_odds, equalized_odds])
def test_neither_side_errs_too_often_by_enumeration(combine, truth: tuple[float, ...]) -> None:
    """All outcomes of fourteen rows in each of the four denominators."""

    def at(tail: float) -> dict[str, Limits]:
        table = clopper_pearson(np.arange(N + 1.0), np.full(N + 1, float(N)), tail)
        shapes = (np.eye(4, dtype=int) * N + 1).tolist()
        return {
            key: Limits(*(np.broadcast_to(part.reshape(shape), (N + 1,) * 4) for part in table))
            for key, shape in zip(KEYS, shapes, strict=True)
        }

    tails = (0.025, SIDAK, 0.025)[: 3 if combine is equalized_odds else 2]
    found = combine(*map(at, tails))
    chance = np.einsum("a,b,c,d", *(stats.binom.pmf(np.arange(N + 1), N, rate) for rate in truth))
    gaps = [abs(truth[0] - truth[2]), abs(truth[1] - truth[3])]
    true = max(gaps) if combine is equalized_odds else sum(gaps) / 2
    above = chance[found.low > true + 1e-12].sum()
    below = chance[found.high < true - 1e-12].sum()
    assert above <= (0.035 if true else 0.05) and below <= 0.035
