"""What a measurement's counts are taken for, method by method: limits at the confidence that is asked, by scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from audit.result import Measurement
from audit.stats import METHODS, interval
from audit.stats.auc import auc_limits
from audit.stats.average_odds import average_odds
from audit.stats.mover import linear, ratio
from audit.stats.proportions import Limits

Span = tuple[float, float]
CONFIDENCE = 0.9
ONE, TWO, THREE, FOUR = (30, 200), (90, 150), (20, 80), (33, 60)


def found(method: str, value: float, se: float | None = None, **counts: list[float]) -> Span | None:
    return interval(
        Measurement(metric="x", value=value, n=500, method=method, se=se, counts=counts), CONFIDENCE
    )


def exact(k: int, n: int) -> Limits:
    limits = stats.binomtest(k, n).proportion_ci(CONFIDENCE, method="exact")
    return Limits(*map(np.float64, (k / n, limits.low, limits.high)))


def ends(limits: Limits) -> Span:
    return float(limits.low), float(limits.high)


def test_a_share_and_one_that_is_known_from_one_side_only() -> None:
    _, low, high = exact(*ONE)
    assert found("clopper-pearson", 0.15, rate=[*ONE]) == pytest.approx((low, high))
    assert found("clopper-pearson-upper", 0.15, rate=[*ONE]) == (0.0, pytest.approx(high))
    assert found("clopper-pearson-lower", 0.15, rate=[*ONE]) == (pytest.approx(low), 1.0)


def test_two_shares_and_their_mean() -> None:
    one, two = exact(*ONE), exact(*TWO)
    sides = {"unprivileged": [*ONE], "privileged": [*TWO]}
    apart = linear([(1.0, one), (-1.0, two)])
    assert found("mover-difference", -0.45, **sides) == pytest.approx(ends(apart))
    assert found("mover-ratio", 0.25, **sides) == pytest.approx(ends(ratio(one, two)))
    mean = linear([(0.5, one), (0.5, two)])
    assert found("mover-mean", 0.375, true_positive=[*ONE], true_negative=[*TWO]) == pytest.approx(ends(mean))


def test_four_shares_are_told_apart_by_their_names() -> None:
    names = ["privileged_false_positive", "unprivileged_true_positive"]
    names += ["privileged_true_positive", "unprivileged_false_positive"]
    counts = dict(zip(names, (ONE, TWO, THREE, FOUR), strict=True))
    limits = average_odds({name: exact(*cell) for name, cell in counts.items()})
    cells = {name: [*cell] for name, cell in counts.items()}
    assert found("average-odds-difference", float(limits.estimate), **cells) == pytest.approx(ends(limits))


def test_an_auc_from_the_rows_of_each_class() -> None:
    expected = auc_limits(0.8, 0.03, 40, 90, 0.05)
    assert found("delong", 0.8, 0.03, favorable=[40], unfavorable=[90]) == pytest.approx(expected)
    assert expected != pytest.approx(auc_limits(0.8, 0.03, 90, 400, 0.05), abs=1e-4)


def test_a_mean_is_student_s() -> None:
    reach = 0.1 * stats.t.isf(0.05, 11)
    assert found("mean-t", 2.0, 0.1, rows=[12]) == pytest.approx((2.0 - reach, 2.0 + reach))
    assert found("mean-t", 2.0, 0.1, rows=[2]) is not None
    for value, se, rows in ((2.0, math.inf, 12), (math.inf, 0.1, 12), (2.0, 0.1, 1), (2.0, -0.1, 12)):
        assert found("mean-t", value, se, rows=[rows]) is None


def test_the_largest_of_several_from_all_that_stands_beside_it() -> None:
    counts = {"number": [5.0], "rows": [60.0], "values": [0.5, 0.45], "errors": [0.02, 0.06]}
    high = 0.45 + 0.06 * stats.t.isf(0.05, 59)
    low = 0.5 - 0.02 * stats.t.isf(0.05 / 5, 59)
    assert found("largest-t", 0.5, **counts) == pytest.approx((low, high))


def test_a_stability_is_known_up_to_its_step() -> None:
    """Above 1 - step the lower limit is the value's own less its error, or the step; from there on Fisher's scale."""
    reach = 0.01 * stats.t.isf(0.05, 19)
    counts = {"groups": [20.0], "step": [0.1]}
    assert found("stability-z", 0.95, 0.01, **counts) == (pytest.approx(0.9), 1.0)
    assert found("stability-z", 0.95, 0.05, **counts) == (pytest.approx(0.95 - 5 * reach), 1.0)
    half = reach / (1 - 0.9**2)
    at_the_step = math.tanh(math.atanh(0.9) - half), math.tanh(math.atanh(0.9) + half)
    assert found("stability-z", 0.9, 0.01, **counts) == pytest.approx(at_the_step)
    assert found("stability-z", 0.9, 0.01, **(counts | {"groups": [2.0]})) is not None
    assert (
        found("stability-z", 0.9, math.inf, **counts) is None
        and found("stability-z", 1.1, 0.01, **counts) is None
    )
    assert found("stability-z", 1.0, 0.01, **(counts | {"groups": [1.0]})) is None


def test_a_method_by_its_name_is_what_the_interval_is_made_by() -> None:
    m = Measurement(metric="x", value=0.15, n=200, method="clopper-pearson", counts={"rate": [*ONE]})
    by_name = METHODS["clopper-pearson"]
    assert by_name(m, CONFIDENCE) == interval(m, CONFIDENCE) == pytest.approx(exact(*ONE)[1:])
    empty = Measurement(
        metric="x", value=math.nan, n=0, method="clopper-pearson", counts={"rate": [0.0, 0.0]}
    )
    assert by_name(empty, CONFIDENCE) is None
