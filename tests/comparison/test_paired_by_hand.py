"""Intervals of improvements, method by method, put together by hand from the limits of their parts."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from scipy.stats import binomtest

from audit.result import Baseline, Measurement
from audit.stats import improvement, interval, paired_interval
from audit.stats.paired_intervals import improvement_range
from audit.stats.paired_proportions import difference, ratio_correlation

Span = tuple[float, float]
SIDES = ("unprivileged", "privileged")
ODDS = [f"{side}_{rate}_positive" for rate in ("true", "false") for side in SIDES]


def pair(
    method: str, values: tuple[float, float], *counts: dict[str, list[float]], **more: Any
) -> Measurement:
    """The candidate's measurement beside the baseline's: values, counts of each, and discordant rows."""
    ours, theirs, discordant = counts
    beside: dict[str, Any] = {"method": method, "better": "higher", "discordant": discordant, **more}
    baseline = Baseline(value=values[1], counts=theirs, **beside)
    return Measurement(metric="m.m", value=values[0], n=4000, method=method, counts=ours, baseline=baseline)


def together(terms: list[tuple[float, float, Span]]) -> Span:
    """MOVER of independent parts: (weight, estimate, limits)."""
    value = sum(weight * estimate for weight, estimate, _ in terms)
    ends = [sorted(weight * (end - estimate) for end in limits) for weight, estimate, limits in terms]
    below, above = (math.sqrt(sum(end[side] ** 2 for end in ends)) for side in (0, 1))
    return value - below, value + above


def exact(counts: list[float], confidence: float) -> tuple[float, Span]:
    k, n = map(int, counts)
    limits = binomtest(k, n).proportion_ci(confidence, method="exact")
    return k / n, (limits.low, limits.high)


def moved(pairs: list[float], tail: float) -> tuple[float, Span]:
    limits = difference(pairs, tail)
    return float(limits.estimate), (float(limits.low), float(limits.high))


OURS = {"unprivileged": [90.0, 300.0], "privileged": [260.0, 500.0]}
THEIRS = {"unprivileged": [80.0, 300.0], "privileged": [270.0, 500.0]}
PAIRS = {"unprivileged": [25.0, 15.0, 300.0], "privileged": [10.0, 20.0, 500.0]}
GAPS = (90 / 300 - 260 / 500, 80 / 300 - 270 / 500)


def test_a_difference_of_groups_has_the_limits_of_its_discordant_rows() -> None:
    found = paired_interval(pair("mover-difference", GAPS, OURS, THEIRS, PAIRS), 0.9)
    terms = [(sign, *moved(PAIRS[side], 0.05)) for side, sign in zip(SIDES, (1.0, -1.0), strict=True)]
    assert found == pytest.approx(together(terms))


@pytest.mark.parametrize(
    "lost",
    [
        {"discordant": {}},
        {"discordant": {"unprivileged": PAIRS["unprivileged"]}},
        {"discordant": PAIRS | {"privileged": [0.0, 0.0, 0.0]}},
        {"method": "average-odds-difference", "counts": {name: [80.0, 300.0] for name in ODDS}},
    ],
    ids=["none", "of one side", "of no rows", "of another method"],
)
def test_where_discordant_rows_are_missing_the_correlation_says_it(lost: dict[str, Any]) -> None:
    whole = pair("mover-difference", GAPS, OURS, THEIRS, PAIRS, correlation=0.4)
    assert whole.baseline is not None
    without = replace(whole, baseline=replace(whole.baseline, **lost))
    assert paired_interval(without, 0.95) == pytest.approx(correlated(without, 0.4))


def correlated(m: Measurement, correlation: float) -> Span:
    """MOVER of the two values' own limits, with a correlation."""
    assert m.baseline is not None
    beside = replace(m, value=m.baseline.value, method=m.baseline.method, counts=m.baseline.counts)
    own, other = interval(m, 0.95), interval(beside, 0.95)
    assert own and other
    reach = []
    for a, b in (
        (m.value - own[0], other[1] - beside.value),
        (own[1] - m.value, beside.value - other[0]),
    ):
        reach.append(math.sqrt(a * a + b * b - 2 * correlation * a * b))
    value = m.value - beside.value
    return value - reach[0], value + reach[1]


def test_a_known_correlation_narrows_by_mover() -> None:
    m = pair("mover-difference", GAPS, OURS, THEIRS, {}, correlation=0.6)
    assert paired_interval(m, 0.95) == pytest.approx(correlated(m, 0.6))
    assert m.baseline is not None
    unknown = replace(m, baseline=replace(m.baseline, correlation=None))
    assert paired_interval(unknown, 0.95) == pytest.approx(correlated(m, -1.0))


def test_ratios_have_the_correlation_of_their_discordant_rows() -> None:
    ratios = tuple(c["unprivileged"][0] / 300 / (c["privileged"][0] / 500) for c in (OURS, THEIRS))
    m = pair("mover-ratio", (ratios[0], ratios[1]), OURS, THEIRS, PAIRS, correlation=-0.9)
    rho = ratio_correlation(OURS, THEIRS, PAIRS)
    assert 0.5 < rho < 1 and paired_interval(m, 0.95) == pytest.approx(correlated(m, rho))
    assert m.baseline is not None
    lacking = replace(m, baseline=replace(m.baseline, discordant={"privileged": PAIRS["privileged"]}))
    assert paired_interval(lacking, 0.95) == pytest.approx(correlated(m, -0.9))


# Of (TPR of one side, of the other, FPR of one side, of the other): the candidate's, the baseline's, discordant rows.
CASES = [
    ([[270, 300], [120, 400], [150, 500], [60, 600]], [[280, 300], [100, 400], [160, 500], [50, 600]], 24),
    ([[160, 300], [200, 400], [150, 500], [190, 600]], [[140, 300], [210, 400], [170, 500], [180, 600]], 30),
]


@pytest.mark.parametrize("method", ["average-abs-odds-difference", "equalized-odds-difference"])
@pytest.mark.parametrize("case", CASES, ids=["signs are sure", "signs are open"])
def test_two_gaps_share_the_error_and_are_averaged_or_the_extremes(
    method: str, case: tuple[list[list[float]], list[list[float]], int]
) -> None:
    ours, theirs = (dict(zip(ODDS, table, strict=True)) for table in case[:2])
    more = {name: max(0.0, ours[name][0] - theirs[name][0]) + case[2] for name in ODDS}
    pairs = {name: [more[name], more[name] - ours[name][0] + theirs[name][0], ours[name][1]] for name in ODDS}
    gaps = [
        [
            abs(table[one][0] / table[one][1] - table[two][0] / table[two][1])
            for one, two in (ODDS[:2], ODDS[2:])
        ]
        for table in (ours, theirs)
    ]
    average = method.startswith("average")
    values = [sum(gap) / 2 if average else max(gap) for gap in gaps]
    m = pair(method, (values[0], values[1]), ours, theirs, pairs, better="lower")
    spans = [half_the_error(names, ours, theirs, pairs) for names in (ODDS[:2], ODDS[2:])]
    lows, highs = zip(*spans, strict=True)
    expected = (sum(lows) / 2, sum(highs) / 2) if average else (min(lows), max(highs))
    assert improvement(m) == pytest.approx(values[1] - values[0])
    assert paired_interval(m, 0.95) == pytest.approx(expected)


def test_two_gaps_that_another_method_put_together_are_compared_by_their_correlation() -> None:
    ours, theirs = (
        {name: [*map(float, cell)] for name, cell in zip(ODDS, table, strict=True)} for table in CASES[0][:2]
    )
    pairs = {name: [30.0, 30.0, ours[name][1]] for name in ODDS}
    m = pair("average-abs-odds-difference", (0.3, 0.4), ours, theirs, pairs, correlation=0.3)
    assert m.baseline is not None
    m = replace(m, baseline=replace(m.baseline, method="equalized-odds-difference"))
    assert paired_interval(m, 0.95) == pytest.approx(correlated(m, 0.3))


def test_one_row_is_enough_for_a_difference() -> None:
    m = pair(
        "clopper-pearson", (1.0, 0.0), {"rate": [1.0, 1.0]}, {"rate": [0.0, 1.0]}, {"rate": [1.0, 0.0, 1.0]}
    )
    assert paired_interval(m, 0.95) == pytest.approx(moved([1.0, 0.0, 1.0], 0.025)[1])


def half_the_error(names: list[str], *tables: dict[str, list[float]]) -> Span:
    """By how much one absolute difference is nearer to 0, at an error of 0.025."""
    ours, theirs, pairs = tables
    signs = dict(zip(names, (1.0, -1.0), strict=True))
    own, other = (
        together([(sign, *exact(table[name], 0.975)) for name, sign in signs.items()])
        for table in (ours, theirs)
    )
    apart = together([(sign, *moved(pairs[name], 0.0125)) for name, sign in signs.items()])
    return improvement_range(own, other, apart, Baseline(value=0, method="", better="ideal", ideal=0.0))


def test_a_model_and_itself_differ_by_nothing() -> None:
    m = pair("mover-difference", (GAPS[0], GAPS[0]), OURS, OURS, PAIRS, identical=True)
    assert paired_interval(m, 0.95) == (0.0, 0.0)


def test_an_exact_value_has_no_error_beside_one_that_has() -> None:
    low, high = exact([80.0, 100.0], 0.95)[1]
    m = pair("clopper-pearson", (0.8, 0.7), {"rate": [80.0, 100.0]}, {}, {})
    assert m.baseline is not None
    m = replace(m, baseline=replace(m.baseline, method="exact"))
    assert paired_interval(m, 0.95) == pytest.approx((low - 0.7, high - 0.7))
    turned = pair("clopper-pearson", (0.7, 0.8), {}, {"rate": [80.0, 100.0]}, {})
    turned = replace(turned, method="exact")
    assert paired_interval(turned, 0.95) == pytest.approx((0.7 - high, 0.7 - low))


def test_an_interval_may_be_infinite_but_is_none_where_it_is_no_number() -> None:
    few = {"unprivileged": [4.0, 5.0], "privileged": [1.0, 5.0]}
    m = pair("mover-ratio", (4.0, 4.0), few, OURS, {}, correlation=0.0)
    assert m.baseline is not None
    zero = replace(m, counts={**few, "privileged": [0.0, 5.0]})
    found = paired_interval(zero, 0.95)
    assert found is not None and math.isfinite(found[0]) and found[1] == math.inf
    assert paired_interval(replace(m, baseline=replace(m.baseline, correlation=math.nan)), 0.95) is None
    endless = replace(m.baseline, value=math.inf, counts={**few, "privileged": [0.0, 5.0]})
    assert paired_interval(replace(m, baseline=endless), 0.95) is None
