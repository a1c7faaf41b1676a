"""What a measurement's counts are taken for, method by method: limits at the confidence that is asked, by scipy."""

from __future__ import annotations

import math
from dataclasses import MISSING, fields, replace
from typing import Any

import pytest
from scipy import stats

from audit.gate.sample_size import GrowableRows
from audit.result import Measurement
from audit.stats import METHODS, IntervalMethod, interval
from audit.stats.auc import auc_limits
from audit.stats.average_odds import average_odds
from audit.stats.interval_method import UNPAIRED, BestCase, Counts, Pairing
from audit.stats.mover import linear, ratio
from audit.stats.proportions import Limits

from .known import scalar

Span = tuple[float, float]
CONFIDENCE = 0.9
ONE, TWO, THREE, FOUR = (30, 200), (90, 150), (20, 80), (33, 60)


def found(method: str, value: float, se: float | None = None, **counts: Any) -> Span | None:
    return interval(
        Measurement(metric="x", value=value, n=500, method=method, se=se, counts=counts), CONFIDENCE
    )


def exact(k: int, n: int) -> Limits:
    limits = stats.binomtest(k, n).proportion_ci(CONFIDENCE, method="exact")
    return Limits(*map(scalar, (k / n, limits.low, limits.high)))


def ends(limits: Limits) -> Span:
    return float(limits.low), float(limits.high)


def test_a_share_and_one_that_is_known_from_one_side_only() -> None:
    low, high = ends(exact(*ONE))
    assert found("clopper-pearson", 0.15, rate=[*ONE]) == pytest.approx((low, high))
    assert found("clopper-pearson-upper", 0.15, rate=[*ONE]) == pytest.approx((0.0, high))
    assert found("clopper-pearson-lower", 0.15, rate=[*ONE]) == pytest.approx((low, 1.0))


def test_two_shares_and_their_mean() -> None:
    one, two = exact(*ONE), exact(*TWO)
    sides: dict[str, Any] = {"unprivileged": [*ONE], "privileged": [*TWO]}
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
    cells: dict[str, Any] = {name: [*cell] for name, cell in counts.items()}
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
    counts: dict[str, Any] = {"number": [5.0], "rows": [60.0], "values": [0.5, 0.45], "errors": [0.02, 0.06]}
    high = 0.45 + 0.06 * stats.t.isf(0.05, 59)
    low = 0.5 - 0.02 * stats.t.isf(0.05 / 5, 59)
    assert found("largest-t", 0.5, **counts) == pytest.approx((low, high))


def test_a_stability_is_known_up_to_its_step() -> None:
    """Above 1 - step the lower limit is the value's own less its error, or the step; from there on Fisher's scale."""
    reach = 0.01 * stats.t.isf(0.05, 19)
    counts = {"groups": [20.0], "step": [0.1]}
    assert found("stability-z", 0.95, 0.01, **counts) == pytest.approx((0.9, 1.0))
    assert found("stability-z", 0.95, 0.05, **counts) == pytest.approx((0.95 - 5 * reach, 1.0))
    half = reach / (1 - 0.9**2)
    at_the_step = math.tanh(math.atanh(0.9) - half), math.tanh(math.atanh(0.9) + half)
    assert found("stability-z", 0.9, 0.01, **counts) == pytest.approx(at_the_step)
    careful = counts | {"half_sample_error": [0.2]}
    assert found("stability-z", 0.9, 0.01, **careful) == pytest.approx(
        (0.9 - 0.2 * reach / 0.01, at_the_step[1])
    )
    assert found("stability-z", 0.95, 0.01, **careful) == pytest.approx((0.95 - 0.2 * reach / 0.01, 1.0))
    assert found("stability-z", 0.95, 0.01, **(counts | {"half_sample_error": [2.0]})) == (-1.0, 1.0)
    assert found("stability-z", 0.9, 0.01, **(counts | {"groups": [2.0]})) is not None
    assert (
        found("stability-z", 0.9, math.inf, **counts) is None
        and found("stability-z", 1.1, 0.01, **counts) is None
    )
    assert found("stability-z", 1.0, 0.01, **(counts | {"groups": [1.0]})) is None


def test_a_method_by_its_name_is_what_the_interval_is_made_by() -> None:
    m = Measurement(metric="x", value=0.15, n=200, method="clopper-pearson", counts={"rate": [*ONE]})
    by_name = METHODS["clopper-pearson"]
    assert by_name(m, CONFIDENCE) == interval(m, CONFIDENCE) == pytest.approx(ends(exact(*ONE)))
    empty = Measurement(
        metric="x", value=math.nan, n=0, method="clopper-pearson", counts={"rate": [0.0, 0.0]}
    )
    assert by_name(empty, CONFIDENCE) is None


ODDS = dict(
    zip(
        [f"{side}_{rate}_positive" for side in ("unprivileged", "privileged") for rate in ("true", "false")],
        ([40.0, 100.0], [30.0, 90.0], [70.0, 110.0], [20.0, 80.0]),
        strict=True,
    )
)
SIDES = {"unprivileged": [40.0, 100.0], "privileged": [70.0, 140.0]}
ROWS = {"rows": [400.0]}
SAMPLES: dict[str, tuple[float, dict[str, list[float]]]] = {
    "clopper-pearson": (0.4, {"rate": [40.0, 100.0]}),
    "clopper-pearson-upper": (0.4, {"rate": [40.0, 100.0]}),
    "clopper-pearson-lower": (0.4, {"rate": [40.0, 100.0]}),
    "mover-difference": (0.4 - 0.5, SIDES),
    "mover-ratio": (0.4 / 0.5, SIDES),
    "mover-mean": ((0.4 + 0.5) / 2, {"true_positive": [40.0, 100.0], "true_negative": [70.0, 140.0]}),
    "average-odds-difference": ((40 / 100 - 70 / 110 + 30 / 90 - 20 / 80) / 2, ODDS),
    "average-abs-odds-difference": ((70 / 110 - 40 / 100 + 30 / 90 - 20 / 80) / 2, ODDS),
    "equalized-odds-difference": (70 / 110 - 40 / 100, ODDS),
    "mean-t": (0.3, ROWS),
    "mean-skewed": (0.3, ROWS | {"cubes": [800.0, 400.0]}),
    "root-mean-skewed": (0.3, ROWS | {"cubes": [800.0, 400.0]}),
    "explained-variance": (0.3, ROWS | {"cubes": [800.0, 400.0]}),
    "fisher-z": (0.3, ROWS),
    "stability-z": (0.3, {"groups": [20.0], "step": [0.1]}),
    "delong": (0.7, {"favorable": [200.0], "unfavorable": [200.0]}),
    "calibration-bins": (0.1, {"0": [40.0, 100.0, 30.0], "1": [70.0, 100.0, 80.0]}),
    "largest-t": (0.5, ROWS | {"number": [3.0], "values": [0.5, 0.4], "errors": [0.02, 0.05]}),
    "rows-and-references": (
        0.3,
        ROWS
        | {
            "references": [100.0],
            "values": [0.3, 0.3],
            "row_errors": [0.016, 0.016],
            "row_skewness": [1.0, 1.0],
            "reference_errors": [0.012, 0.012],
            "reference_skewness": [0.5, 0.5],
        },
    ),
    "exact": (3.0, {}),
    "none": (3.0, {}),
}
"""A value of each method with counts that it can be made of, and a standard error of 0.02."""


def sample(name: str) -> Measurement:
    value, counts = SAMPLES[name]
    return Measurement(metric="x", value=value, n=400, method=name, se=0.02, counts=counts)


def width(measurement: Measurement) -> tuple[float, float]:
    span = interval(measurement, CONFIDENCE)
    assert span is not None
    return measurement.value - span[0], span[1] - measurement.value


def test_no_question_is_answered_by_default() -> None:
    assert set(SAMPLES) == set(METHODS) and all(name == method.name for name, method in METHODS.items())
    for record in (IntervalMethod, Counts, BestCase, Pairing):
        assert all(part.default is part.default_factory is MISSING for part in fields(record))


@pytest.mark.parametrize("name", sorted(METHODS))
def test_it_narrows_with_the_rows_as_it_says_but_for_its_open_side(name: str) -> None:
    method, seen = METHODS[name], sample(name)
    if method.counts.growth is None:
        assert name in ("exact", "none", "stability-z")
        return
    below, above = width(seen)
    narrow_below, narrow_above = width(GrowableRows(seen, ()).grown(10_000.0))
    assert (narrow_below < 0.03 * below + 1e-12) == (method.open_side != "low")
    assert (narrow_above < 0.03 * above + 1e-12) == (method.open_side != "high")


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.best_case])
def test_its_best_case_has_the_counts_of_its_value(name: str) -> None:
    case, seen = METHODS[name].best_case, sample(name)
    assert case is not None
    best = case.at_value(seen, 0.0 if name == "calibration-bins" else case.at_equality or 0.0)
    again = interval(replace(best, value=math.nan), 0.001)  # of counts alone, next to their own value
    if name != "delong":
        assert again is not None and best.value == pytest.approx(sum(again) / 2, abs=0.02)
    assert best.counts.keys() == seen.counts.keys() and best.n == seen.n
    groups = {name.split("_")[0] for name in seen.counts} == {"unprivileged", "privileged"}
    assert (case.at_equality is not None) == groups
    assert case.signed == (name in ("mover-difference", "mover-ratio", "average-odds-difference"))


@pytest.mark.parametrize("name", sorted(METHODS))
def test_proportions_are_paired_by_what_the_metric_is_of_them(name: str) -> None:
    """Weights give the value; factors are its derivatives, up to a factor that both models have."""
    method, pairing, seen = METHODS[name], METHODS[name].pairing, sample(name)
    if method.counts.shape != "proportions" or method.open_side:
        assert replace(pairing, extremes=None) == UNPAIRED
        return
    shares = {part: events / trials for part, (events, trials) in seen.counts.items()}
    if pairing.weights:
        weights = pairing.weights(shares)
        assert sum(weights[part] * share for part, share in shares.items()) == pytest.approx(seen.value)
        assert pairing.factors(shares) == weights and not pairing.gaps and not pairing.correlation
    elif pairing.gaps:
        assert "abs" in name or "equalized" in name
        assert pairing.gaps((0.1, 0.2), (0.4, 0.5)) in ((0.25, 0.35), (0.1, 0.5))
    else:
        factors = pairing.factors(shares)
        assert factors == pytest.approx({"unprivileged": 1 / 0.4, "privileged": -1 / 0.5})
        assert pairing.correlation and pairing.factors(dict.fromkeys(shares, 0.0)) is None
