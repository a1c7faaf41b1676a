"""The test of one limit of a rule: by plain loops, by symmetry, and on rules that hold and that are broken."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import beta, t

from audit.monitoring.measured import RuleMeasurement, rule_measurements
from audit.monitoring.rule_evidence import _COMPARISON_DISCOUNTS, LimitState, Side, after
from audit.policy.gate_spec import Rule
from audit.result import Measurement
from audit.stats.eprocess import DISCOUNTS

CALIBRATORS = (0.1, 0.3, 0.5, 0.7, 0.9)
LINE = math.log(100)
"""Where a rule raises its alarm in these tests."""


def limited(low: float | None = None, high: float | None = None, *parts: Measurement) -> RuleMeasurement:
    bounds = -math.inf if low is None else low, math.inf if high is None else high
    numbers = [number for part in parts for pair in part.counts.values() for number in pair]
    methods = ("clopper-pearson", "mover-difference", "mover-ratio")
    counted = parts[0].method in methods and all(float(number).is_integer() for number in numbers)
    return RuleMeasurement(rule="rule", low=bounds[0], high=bounds[1], parts=list(parts), is_counted=counted)


def rate(events: float, trials: float) -> Measurement:
    return Measurement(
        metric="performance.accuracy",
        value=events / trials if trials else math.nan,
        n=round(trials),
        method="clopper-pearson",
        counts={"rate": [events, trials]},
        ci=(0.0, 1.0),
    )


def compared(
    method: str, one: tuple[float, float], other: tuple[float, float], smallest: int | None = None
) -> Measurement:
    """Compare an unprivileged with a privileged group, of each events and trials."""
    rates = [events / trials if trials else math.nan for events, trials in (one, other)]
    is_ratio = method == "mover-ratio"
    value = rates[0] - rates[1] if not is_ratio else rates[0] / rates[1] if rates[1] else math.nan
    return Measurement(
        metric="fairness.comparison",
        value=value,
        n=round(one[1] + other[1]),
        method=method,
        counts={"unprivileged": list(one), "privileged": list(other)},
        ci=(-1.0, 1.0),
        smallest_n=smallest,
    )


def mean(value: float, se: float, n: int) -> Measurement:
    return Measurement(
        metric="plugin.mean",
        value=value,
        n=n,
        method="mean-t",
        se=se,
        ci=(0.0, 1.0),
        counts={"rows": [float(n)]},
    )


def log_e(measurements: Sequence[RuleMeasurement], side: Side, min_rows: int = 0) -> float:
    state = LimitState()
    for measurement in measurements:
        state = after(state, measurement, side, min_rows)
    return state.log_e


def over_all_starts(factors: Sequence[float]) -> float:
    unstarted = [1.0 / (1.0 + math.log(1.0 + start)) for start in range(len(factors) + 1)]
    started = (
        (unstarted[start] - unstarted[start + 1]) * math.prod(factors[start:])
        for start in range(len(factors))
    )
    return sum(started) + unstarted[-1]


def rate_by_loops(batches: Sequence[tuple[int, int]], highest: float) -> float:
    """Return the log e-value against "an event has a probability of ``highest`` at most"."""
    values = []
    for discount in DISCOUNTS.tolist():
        past_events = past_trials = 0.0
        factors = []
        for events, trials in batches:
            a, b = past_events + 0.5, past_trials - past_events + 0.5
            likelihood = beta_function_ratio(a + events, b + trials - events, a, b)
            tails = beta.sf(highest, a + events, b + trials - events) / beta.sf(highest, a, b)
            factors.append(likelihood * tails / (highest**events * (1.0 - highest) ** (trials - events)))
            past_events, past_trials = discount * (past_events + events), discount * (past_trials + trials)
        values.append(over_all_starts(factors))
    return math.log(sum(values) / len(values))


def beta_function_ratio(a: float, b: float, c: float, d: float) -> float:
    logs = [math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y) for x, y in ((a, b), (c, d))]
    return math.exp(logs[0] - logs[1])


def divergence(p: float, q: float) -> float:
    return p * math.log(p / q) + (1.0 - p) * math.log((1.0 - p) / (1.0 - q))


@cache
def nearest_on_line(
    one: float, two: float, rows: tuple[int, int], slope: float, least: float
) -> tuple[float, float]:
    low, high = max(0.0, -least / slope), min(1.0, (1.0 - least) / slope)
    edge = 1e-12 * (high - low)
    best = minimize_scalar(
        lambda p2: rows[0] * divergence(one, slope * p2 + least) + rows[1] * divergence(two, p2),
        bounds=(low + edge, high - edge),
        method="bounded",
        options={"xatol": 1e-13},
    )
    return slope * float(best.x) + least, float(best.x)


def comparison_by_loops(
    batches: Sequence[tuple[tuple[int, int], tuple[int, int]]], slope: float, least: float
) -> float:
    """Return the log e-value against "p1 - slope * p2 is ``least`` at least"."""
    values = []
    for discount in _COMPARISON_DISCOUNTS.tolist():
        past = [0.0, 0.0, 0.0, 0.0]
        factors = []
        for first, second in batches:
            rates = (past[0] + 0.5) / (past[1] + 1.0), (past[2] + 0.5) / (past[3] + 1.0)
            factor = 1.0
            if past[1] and rates[0] - slope * rates[1] < least:
                null = nearest_on_line(*rates, (first[1], second[1]), slope, least)
                for (events, trials), p, q in zip((first, second), rates, null, strict=True):
                    factor *= (p / q) ** events * ((1.0 - p) / (1.0 - q)) ** (trials - events)
            factors.append(factor)
            past = [discount * (old + new) for old, new in zip(past, [*first, *second], strict=True)]
        values.append(over_all_starts(factors))
    return math.log(sum(values) / len(values))


RATES = [(40, 50), (7, 10), (0, 3), (66, 100), (1, 1), (30, 41)]
PAIRS = [
    ((9, 50), (14, 40)),
    ((1, 8), (30, 77)),
    ((0, 2), (2, 3)),
    ((20, 90), (25, 60)),
    ((11, 50), (20, 51)),
]


def test_a_rate_is_tested_by_its_events_or_by_the_others() -> None:
    measurements = [limited(0.8, 0.6, rate(*counts)) for counts in RATES]
    misses = [(trials - events, trials) for events, trials in RATES]
    assert log_e(measurements, "low") == pytest.approx(rate_by_loops(misses, 1.0 - 0.8), abs=1e-8)
    assert log_e(measurements, "high") == pytest.approx(rate_by_loops(RATES, 0.6), abs=1e-8)


@pytest.mark.parametrize(
    ("method", "side", "limit", "swapped", "slope", "least"),
    [
        ("mover-difference", "low", -0.1, False, 1.0, -0.1),
        ("mover-difference", "high", -0.05, True, 1.0, 0.05),
        ("mover-ratio", "low", 0.8, False, 0.8, 0.0),
        ("mover-ratio", "high", 0.7, True, 1.0 / 0.7, 0.0),
    ],
)
def test_a_comparison_is_tested_by_the_line_that_its_limit_draws(
    method: str, side: Side, limit: float, swapped: bool, slope: float, least: float
) -> None:
    pairs = PAIRS if side == "low" else [((2 * a, n), (b // 2, m)) for (a, n), (b, m) in PAIRS]
    measurements = [limited(limit, limit, compared(method, *pair)) for pair in pairs]
    expected = comparison_by_loops([pair[::-1] if swapped else pair for pair in pairs], slope, least)
    assert log_e(measurements, side) == pytest.approx(expected, abs=1e-5)
    assert abs(expected) > 0.1


def test_other_measurements_are_tested_by_the_p_value_of_each_part() -> None:
    parts = [[mean(0.42, 0.05, 60)], [mean(0.62, 0.02, 80), mean(0.45, 0.04, 55)], [mean(0.4, 0.01, 52)]]
    p_values = [  # not below one over the rows
        max(1 / part.n, 2.0 * float(t.sf((0.5 - part.value) / (part.se or 1.0), part.n - 1)))
        if part.value < 0.5
        else 1.0
        for batch in parts
        for part in batch
    ]
    e_values = [over_all_starts([k * p ** (k - 1.0) for p in p_values]) for k in CALIBRATORS]
    measurements = [limited(0.5, None, *batch) for batch in parts]
    assert log_e(measurements, "low") == pytest.approx(math.log(sum(e_values) / len(e_values)), abs=1e-5)
    mirrored = [limited(None, -0.5, *(mean(-p.value, p.se or 1.0, p.n) for p in batch)) for batch in parts]
    assert log_e(mirrored, "high") == pytest.approx(log_e(measurements, "low"), abs=1e-9)


def test_an_upper_limit_is_a_lower_one_of_the_opposite() -> None:
    upper = [limited(None, 0.3, rate(*counts)) for counts in RATES]
    lower = [limited(0.7, None, rate(trials - events, trials)) for events, trials in RATES]
    assert log_e(upper, "high") == pytest.approx(log_e(lower, "low"), abs=1e-9)


@pytest.mark.parametrize("limit", [0.5, 0.8, 1.0, 1.25])
def test_swapping_the_groups_inverts_the_ratio(limit: float) -> None:
    for pairs in (PAIRS, [pair[::-1] for pair in PAIRS]):
        plain = [limited(limit, None, compared("mover-ratio", *pair)) for pair in pairs]
        swapped = [limited(None, 1.0 / limit, compared("mover-ratio", *pair[::-1])) for pair in pairs]
        assert log_e(swapped, "high") == pytest.approx(log_e(plain, "low"), abs=1e-9)


@pytest.mark.parametrize("limit", [-0.3, -0.1, 0.0, 0.1])
def test_swapping_the_groups_negates_the_difference(limit: float) -> None:
    for pairs in (PAIRS, [pair[::-1] for pair in PAIRS]):
        plain = [limited(limit, None, compared("mover-difference", *pair)) for pair in pairs]
        swapped = [limited(None, -limit, compared("mover-difference", *pair[::-1])) for pair in pairs]
        assert log_e(swapped, "high") == pytest.approx(log_e(plain, "low"), abs=1e-9)


def test_parts_of_a_batch_count_together() -> None:
    for whole, parts in (
        (rate(19, 30), [rate(4, 10), rate(15, 20)]),
        (
            compared("mover-ratio", (19, 30), (25, 40)),
            [compared("mover-ratio", (4, 10), (5, 15)), compared("mover-ratio", (15, 20), (20, 25))],
        ),
    ):
        state = after(LimitState(), limited(0.8, None, whole), "low", 0)
        assert after(LimitState(), limited(0.8, None, *parts), "low", 0) == state
        assert after(state, limited(0.8, None, *parts), "low", 0) == after(
            state, limited(0.8, None, whole), "low", 0
        )


def test_weighted_counts_take_the_way_of_p_values_and_respect_min_rows() -> None:
    weighted = limited(0.8, None, rate(20.5, 50.25))
    state = after(LimitState(), weighted, "low", 50)
    assert len(state.log_sums) == len(CALIBRATORS) and not state.past and state.log_e > 0.5
    assert after(LimitState(), weighted, "low", 51) == LimitState()
    two = [rate(20.5, 50.25), rate(4.5, 10.25)]
    assert after(LimitState(), limited(0.8, None, *two), "low", 50) == state
    assert after(LimitState(), limited(0.8, None, *two), "low", 10) == state  # fifty rows at least
    three = [rate(20.5, 50.25), rate(40.5, 100.25)]
    assert after(LimitState(), limited(0.8, None, *three), "low", 10).batches == 2


def test_min_rows_is_that_of_the_smallest_denominator_and_none_of_counts() -> None:
    weighted = compared("mover-ratio", (20.5, 100.25), (50.5, 100.25), smallest=60)
    assert after(LimitState(), limited(0.8, None, weighted), "low", 61) == LimitState()
    assert after(LimitState(), limited(0.8, None, weighted), "low", 60).batches == 1
    assert after(LimitState(), limited(0.8, None, rate(1, 3)), "low", 1000).batches == 1


def test_a_standard_error_that_is_rounding_alone_is_none() -> None:
    assert after(LimitState(), limited(0.5, None, mean(0.4, 1e-17, 100)), "low", 0) == LimitState()


def test_an_exact_value_decides_and_what_has_no_interval_says_nothing() -> None:
    exact = Measurement(metric="plugin.count", value=3.0, n=100, method="exact")
    unknown = Measurement(metric="plugin.own", value=0.1, n=100, method="a plug-in's", ci=(0.0, 0.2))
    assert log_e([limited(3.5, None, exact)], "low") > LINE
    assert log_e([limited(3.0, None, exact)], "low") < 0.0
    assert after(LimitState(), limited(0.8, None, unknown), "low", 0) == LimitState()


def test_a_group_without_rows_says_nothing() -> None:
    state = after(LimitState(), limited(0.8, None, compared("mover-ratio", (5, 9), (7, 9))), "low", 0)
    empty = limited(0.8, None, compared("mover-ratio", (0, 0), (7, 9)))
    assert after(state, empty, "low", 0) is state


@pytest.mark.parametrize(
    ("measurement", "side"),
    [
        (limited(0.0, None, rate(0, 100)), "low"),
        (limited(None, 1.0, rate(100, 100)), "high"),
        (limited(-1.0, None, compared("mover-difference", (0, 50), (50, 50))), "low"),
        (limited(None, 1.0, compared("mover-difference", (50, 50), (0, 50))), "high"),
        (limited(0.0, None, compared("mover-ratio", (0, 50), (50, 50))), "low"),
    ],
)
def test_what_cannot_be_broken_is_no_evidence(measurement: RuleMeasurement, side: Side) -> None:
    assert log_e([measurement] * 20, side) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("measurement", "side"),
    [(limited(1.0, None, rate(90, 100)), "low"), (limited(None, 0.0, rate(10, 100)), "high")],
)
def test_one_row_against_a_limit_without_exceptions_is_proof(
    measurement: RuleMeasurement, side: Side
) -> None:
    assert log_e([measurement], side) > LINE


def batches_of(kind: str, p: float, rng: np.random.Generator) -> RuleMeasurement:
    """Return a batch of 100 rows; ``p`` is the rate, that of the unprivileged group, or the mean."""
    if kind == "rate":
        return limited(0.8, None, rate(int(rng.binomial(100, p)), 100))
    if kind == "weighted rate":
        return limited(0.8, None, rate(float(rng.binomial(100, p)) * 0.755, 75.5))
    if kind == "mean":
        values = rng.normal(p, 0.3, 100)
        return limited(
            0.8, None, mean(float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values)), 100)
        )
    pair = (int(rng.binomial(50, p)), 50), (int(rng.binomial(50, 0.6)), 50)
    return limited(0.8 if kind == "mover-ratio" else -0.12, None, compared(kind, *pair))


@pytest.mark.parametrize(
    ("kind", "clearly", "broken"),
    [
        ("rate", 0.9, 0.6),
        ("weighted rate", 0.9, 0.6),
        ("mean", 0.9, 0.65),
        ("mover-ratio", 0.6, 0.2),
        ("mover-difference", 0.6, 0.2),
    ],
)
def test_a_rule_that_holds_never_alarms_and_a_broken_one_soon_does(
    kind: str, clearly: float, broken: float
) -> None:
    rng = np.random.default_rng(1)
    state = LimitState()
    for _ in range(200):
        state = after(state, batches_of(kind, clearly, rng), "low", 0)
        assert state.log_e < math.log(5)
    evidence = []
    for _ in range(15):
        state = after(state, batches_of(kind, broken, rng), "low", 0)
        evidence.append(state.log_e)
    assert max(evidence) >= LINE


@pytest.mark.parametrize("first", ["whole", "weighted"])
def test_weights_that_happen_to_be_whole_in_one_batch_are_tested_as_weights(first: str) -> None:
    """The policy says whether counts are of rows; the state of the two ways cannot be mixed."""
    rule = Rule(id="rule", metric="performance.accuracy", at_least=0.8)
    batches = [[rate(60, 100)], [rate(60.5, 100.25)]]
    ordered = batches if first == "whole" else batches[::-1]
    weighted = [one for part in ordered for one in rule_measurements([rule], [part], are_whole=False)]
    assert not any(one.is_counted for one in weighted)
    assert log_e(weighted * 3, "low") > 1.0
    (whole,) = rule_measurements([rule], [batches[0]], are_whole=True)
    assert whole.is_counted
