"""E-processes by exact enumeration of outcomes, numerical integration, and simulated lives."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.special import xlogy
from scipy.stats import binom

from audit.stats.eprocess import (
    CALIBRATORS,
    advance,
    bernoulli_factor,
    calibrated_factors,
    comparison_factor,
    log_e_value,
    log_mean,
)

from .known import scalar

ENUMERATED = settings(max_examples=150)  # the first example imports what factors need
SHARES = st.floats(0.0, 1.0)
ROUNDING = 1e-9


def log_bernoulli_factor(
    events: float, trials: float, past: tuple[float, float], highest: float
) -> np.ndarray:
    return bernoulli_factor(scalar(events), scalar(trials), scalar(past[0]), scalar(past[1]), scalar(highest))


def outcome_weights(trials: int, p: float) -> np.ndarray:
    """Return the binomial probabilities of 0 to ``trials`` events."""
    return np.array([math.comb(trials, k) * p**k * (1.0 - p) ** (trials - k) for k in range(trials + 1)])


def expectation(trials: int, past: tuple[float, float], highest: float, p: float) -> float:
    """Return the expected factor over all outcomes of this many trials with probability ``p``."""
    events = np.arange(trials + 1.0)
    rows = np.full_like(events, float(trials))
    log_factors = bernoulli_factor(
        events, rows, scalar(past[0]) + 0 * rows, scalar(past[1]) + 0 * rows, scalar(highest)
    )
    return float(outcome_weights(trials, p) @ np.exp(log_factors))


def truncated_mixture(events: int, trials: int, highest: float) -> float:
    """Return the logarithm of the mixture of Robbins (1970) by integration.

    Jeffreys' prior is uniform in the angle whose squared sine is the probability.
    """
    first = math.asin(math.sqrt(highest))

    def log_ratio(angle: float) -> float:
        hit, miss = math.sin(angle) ** 2, math.cos(angle) ** 2
        return float(xlogy(events, hit / highest) + xlogy(trials - events, miss / (1.0 - highest)))

    peak = math.asin(math.sqrt(max(events / trials, highest)))
    top = log_ratio(peak)
    points = [angle for angle in (peak - 0.05, peak, peak + 0.05) if first < angle < math.pi / 2]
    integral, _ = quad(
        lambda angle: math.exp(log_ratio(angle) - top),
        first,
        math.pi / 2,
        points=points or None,
        limit=500,
        epsabs=0,
        epsrel=1e-11,
    )
    return top + math.log(integral / (math.pi / 2 - first))


@pytest.mark.parametrize("highest", [0.001, 0.05, 0.2, 0.5, 0.8, 0.99])
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_without_discount_the_factors_multiply_to_the_mixture_over_the_truncated_prior(
    highest: float, rate: float
) -> None:
    rng = np.random.default_rng(1)
    events = trials = 0
    total = 0.0
    for rows in (1, 7, 0, 30, 2, 80):
        hits = int(rng.binomial(rows, rate))
        total += float(log_bernoulli_factor(hits, rows, (events, trials), highest))
        events, trials = events + hits, trials + rows
        if rows:
            assert total == pytest.approx(truncated_mixture(events, trials, highest), abs=1e-7)


@ENUMERATED
@given(st.integers(1, 12), st.floats(0, 500), SHARES, st.floats(0.001, 0.999), SHARES)
def test_no_probability_within_the_limit_gains_by_expectation(
    trials: int, past_trials: float, past_rate: float, highest: float, share: float
) -> None:
    past = (past_rate * past_trials, past_trials)
    assert expectation(trials, past, highest, share * highest) <= 1.0 + ROUNDING
    assert expectation(trials, past, highest, highest) == pytest.approx(1.0, abs=ROUNDING)


def test_what_is_beyond_the_limit_gains() -> None:
    assert expectation(12, (8.0, 10.0), 0.5, 0.8) > 1.5


def test_nothing_is_bet_where_there_is_nothing_to_test() -> None:
    assert log_bernoulli_factor(3, 10, (0, 0), 1.0) == 0
    assert log_bernoulli_factor(0, 0, (3, 10), 0.2) == 0
    assert log_bernoulli_factor(3, 10, (0, 1e6), 0.5) == 0


def test_a_probability_of_0_is_disproved_by_one_event() -> None:
    assert log_bernoulli_factor(1, 5, (0, 0), 0.0) > 20
    assert log_bernoulli_factor(0, 5, (0, 0), 0.0) == pytest.approx(
        math.log(mixture_of_no_event(5)), abs=1e-5
    )


def mixture_of_no_event(trials: int) -> float:
    """Return the mean of (1 - p) to the power of ``trials`` over Jeffreys' prior."""
    mean, _ = quad(lambda angle: math.cos(angle) ** (2 * trials), 0, math.pi / 2)
    return mean / (math.pi / 2)


def comparison_factors(trials: tuple[int, int], past: np.ndarray, slope: float, least: float) -> np.ndarray:
    """Return the log factors of all outcomes: (trials of group 1 + 1, trials of group 2 + 1)."""
    one, two = np.meshgrid(np.arange(trials[0] + 1.0), np.arange(trials[1] + 1.0), indexing="ij")
    now = np.stack([one, np.full_like(one, trials[0]), two, np.full_like(two, trials[1])], -1)
    return comparison_factor(now, np.broadcast_to(past, now.shape), scalar(slope), scalar(least))


def within_the_null(slope: float, least: float) -> Iterator[tuple[float, float]]:
    """Yield pairs of probabilities with p1 - slope * p2 >= least, those on the line first."""
    low, high = max(0.0, -least / slope), min(1.0, (1.0 - least) / slope)
    for share in (0.0, 0.01, 0.3, 0.5, 0.9, 1.0):
        p2 = low + share * (high - low)
        line = min(1.0, max(0.0, slope * p2 + least))
        for above in (0.0, 0.1, 0.5, 1.0):
            yield line + above * (1.0 - line), p2
    yield from ((p1, 0.0) for p1 in (max(0.0, least), 1.0))


PASTS = st.tuples(st.floats(1, 300), SHARES, st.floats(1, 300), SHARES)
LINES = st.one_of(
    st.tuples(st.just(1.0), st.floats(-0.95, 0.95)), st.tuples(st.floats(0.2, 4.0), st.just(0.0))
)


def past_counts(past: tuple[float, float, float, float]) -> np.ndarray:
    one, rate_one, two, rate_two = past
    return np.array([one * rate_one, one, two * rate_two, two])


@ENUMERATED
@given(st.tuples(st.integers(1, 9), st.integers(1, 9)), PASTS, LINES)
def test_no_pair_within_the_null_gains_by_expectation(
    trials: tuple[int, int], past: tuple[float, float, float, float], line: tuple[float, float]
) -> None:
    factors = np.exp(comparison_factors(trials, past_counts(past), *line))
    for p1, p2 in within_the_null(*line):
        weights = np.outer(outcome_weights(trials[0], p1), outcome_weights(trials[1], p2))
        assert (weights * factors).sum() <= 1.0 + ROUNDING, (p1, p2)


def test_a_pair_beyond_the_line_gains_and_agreement_bets_nothing() -> None:
    past = past_counts((200.0, 0.2, 200.0, 0.5))
    factors = np.exp(comparison_factors((9, 4), past, 0.8, 0.0))
    weights = np.outer(outcome_weights(9, 0.2), outcome_weights(4, 0.5))
    assert (weights * factors).sum() > 1.3
    agreeing = past_counts((200.0, 0.5, 200.0, 0.5))
    assert not comparison_factors((9, 4), agreeing, 0.8, 0.0).any()
    assert not comparison_factors((9, 4), np.zeros(4), 1.25, 0.0).any()


def divergence(p: float, q: float) -> float:
    """Return the Kullback-Leibler divergence of q from p, in nats."""
    return p * math.log(p / q) + (1.0 - p) * math.log((1.0 - p) / (1.0 - q))


def projected_factors(
    trials: tuple[int, int], past: np.ndarray, slope: float, least: float
) -> tuple[np.ndarray, Callable[[float, float], float]]:
    """Return the log factors by scipy's minimum on the line, and the divergence of any point."""
    one, two = (past[0] + 0.5) / (past[1] + 1.0), (past[2] + 0.5) / (past[3] + 1.0)

    def from_past(p1: float, p2: float) -> float:
        return trials[0] * divergence(one, p1) + trials[1] * divergence(two, p2)

    low, high = max(0.0, -least / slope), min(1.0, (1.0 - least) / slope)
    edge = 1e-12 * (high - low)
    best = minimize_scalar(
        lambda p2: from_past(slope * p2 + least, p2),
        bounds=(low + edge, high - edge),
        method="bounded",
        options={"xatol": 1e-13},
    )
    null_two = float(best.x)
    null_one = slope * null_two + least
    events = [np.arange(rows + 1.0) for rows in trials]
    of_groups = [
        hits * math.log(rate / null) + (rows - hits) * math.log((1.0 - rate) / (1.0 - null))
        for hits, rows, rate, null in zip(events, trials, (one, two), (null_one, null_two), strict=True)
    ]
    return of_groups[0][:, None] + of_groups[
        1
    ], lambda p1, p2: from_past(p1, p2) - from_past(null_one, null_two)


@pytest.mark.parametrize("trials", [(1, 1), (3, 8), (50, 4), (200, 300)])
@pytest.mark.parametrize(
    ("line", "past"),
    [
        ((1.0, -0.1), (100.0, 0.3, 90.0, 0.6)),
        ((1.0, 0.2), (40.0, 0.4, 400.0, 0.4)),
        ((0.8, 0.0), (100.0, 0.2, 300.0, 0.5)),
        ((1.25, 0.0), (30.0, 0.9, 30.0, 0.9)),
        ((3.0, 0.0), (1000.0, 0.01, 10.0, 0.2)),
        ((1.0, -0.9), (50.0, 0.0, 50.0, 1.0)),
    ],
)
def test_the_null_is_represented_by_its_point_of_least_divergence(
    trials: tuple[int, int], line: tuple[float, float], past: tuple[float, float, float, float]
) -> None:
    expected, excess = projected_factors(trials, past_counts(past), *line)
    found = comparison_factors(trials, past_counts(past), *line)
    assert found == pytest.approx(expected, abs=1e-5 * max(trials))
    assert found.any()
    for p1, p2 in within_the_null(*line):
        if 0 < p1 < 1 and 0 < p2 < 1:
            assert excess(p1, p2) >= -1e-9


def test_calibrators_have_mean_1_over_uniform_p_values() -> None:
    for place in range(len(CALIBRATORS)):
        # substituted, since the factors have a pole at 0: p = exp(-t)
        mean, _ = quad(lambda t, i=place: math.exp(calibrated_factors(math.exp(-t))[i] - t), 0, 600)
        assert mean == pytest.approx(1.0, abs=1e-6)
    falling = np.array([calibrated_factors(p) for p in (1e-12, 1e-3, 0.05, 0.5, 1.0)])
    assert (np.diff(falling, axis=0) < 0).all() and np.isfinite(falling).all()


def weight_from(start: int) -> float:
    return 1.0 / (1.0 + math.log(1.0 + start))


def e_value_over_all_starts(factors: list[float]) -> float:
    """Return the e-value as a plain sum: a product of factors from each start on, and 1 for those still to come."""
    batches = len(factors)
    started = (
        (weight_from(start) - weight_from(start + 1)) * math.prod(factors[start:]) for start in range(batches)
    )
    return sum(started) + weight_from(batches)


@ENUMERATED
@given(st.lists(st.floats(-3, 3), max_size=40))
def test_the_recursion_is_the_sum_over_all_starts(log_factors: list[float]) -> None:
    log_sum = scalar(-np.inf)
    for batches, log_factor in enumerate(log_factors):
        log_sum = advance(log_sum, scalar(batches), scalar(log_factor))
    expected = e_value_over_all_starts([math.exp(factor) for factor in log_factors])
    assert log_e_value(log_sum, scalar(len(log_factors))) == pytest.approx(math.log(expected), abs=1e-9)


def test_without_evidence_the_e_value_stays_1() -> None:
    log_sum = scalar(-np.inf)
    for batches in range(2000):
        assert float(log_e_value(log_sum, scalar(batches))) == pytest.approx(0.0, abs=1e-9)
        log_sum = advance(log_sum, scalar(batches), scalar(0.0))


def test_the_mean_of_logarithms_is_that_of_the_values() -> None:
    values = np.array([[0.5, 2.0, 0.0], [1e-300, 1e-300, 1e-300], [0.0, 0.0, 0.0]])
    with np.errstate(divide="ignore"):
        logs, expected = np.log(values), np.log(values.mean(1))
    assert log_mean(logs, axis=1) == pytest.approx(expected)
    assert float(log_mean(np.array([2000.0, 2000.0]))) == pytest.approx(2000.0)


LIVES, BATCHES, LEVEL = 2000, 150, 0.05
ALLOWED = int(binom.ppf(0.999, LIVES, LEVEL))


def crossings(factors: Callable[[np.ndarray, np.ndarray], np.ndarray], counts: np.ndarray) -> int:
    """Return how many lives ever reach 1 / `LEVEL`; counts are (batches, lives, columns), factors (2, lives)."""
    discounts = np.array([0.0, 0.9])[:, None, None]
    past = np.zeros((2, *counts.shape[1:]))
    log_sum = np.full((2, counts.shape[1]), -np.inf)
    has_crossed = np.zeros(counts.shape[1], bool)
    for batches, now in enumerate(counts):
        log_sum = advance(log_sum, scalar(batches), factors(now, past))
        past = discounts * (past + now)
        has_crossed |= log_mean(log_e_value(log_sum, scalar(batches + 1)), axis=0) >= -math.log(LEVEL)
    return int(has_crossed.sum())


def rate_factors(now: np.ndarray, past: np.ndarray) -> np.ndarray:
    return bernoulli_factor(now[:, 0], now[:, 1], past[..., 0], past[..., 1], scalar(0.2))


def ratio_factors(now: np.ndarray, past: np.ndarray) -> np.ndarray:
    return comparison_factor(np.broadcast_to(now, past.shape), past, scalar(0.8), scalar(0.0))


def drawn(rows: list[int], rates: list[float]) -> np.ndarray:
    rng = np.random.default_rng(7)
    size = (BATCHES, LIVES)
    columns = [
        column
        for trials, p in zip(rows, rates, strict=True)
        for column in (rng.binomial(trials, p, size), np.full(size, trials))
    ]
    return np.stack(columns, -1).astype(np.float64)


@pytest.mark.parametrize("rows", [1, 5, 100])
def test_lives_on_the_limit_seldom_reach_the_line_however_long(rows: int) -> None:
    assert crossings(rate_factors, drawn([rows], [0.2])) <= ALLOWED
    assert crossings(ratio_factors, drawn([rows, 2 * rows], [0.24, 0.3])) <= ALLOWED


def test_lives_beyond_the_limit_reach_the_line() -> None:
    assert crossings(rate_factors, drawn([20], [0.35])) > 0.99 * LIVES
    assert crossings(ratio_factors, drawn([50, 100], [0.15, 0.3])) > 0.99 * LIVES


def test_uniform_p_values_seldom_reach_the_line() -> None:
    rng = np.random.default_rng(8)
    log_sum = np.full((len(CALIBRATORS), LIVES), -np.inf)
    has_crossed = np.zeros(LIVES, bool)
    for batches in range(BATCHES):
        factors = np.array([calibrated_factors(p) for p in rng.random(LIVES)]).T
        log_sum = advance(log_sum, scalar(batches), factors)
        has_crossed |= log_mean(log_e_value(log_sum, scalar(batches + 1)), axis=0) >= -math.log(LEVEL)
    assert has_crossed.sum() <= ALLOWED


@pytest.mark.parametrize("highest", [1e-12, 1e-9, 0.5, 1 - 1e-9, 1.0])
def test_extreme_counts_leave_the_process_finite(highest: float) -> None:
    """Warnings are errors here: no batch may divide by 0 either."""
    extremes = [
        (0, 1_000_000),
        (1_000_000, 1_000_000),
        (0, 0),
        (1, 1),
        (1_000_000, 1_000_000),
        (0, 1),
        (500_000, 1_000_000),
    ]
    for order in (extremes, extremes[::-1]):
        past = np.zeros((3, 2))
        log_sum = np.full(3, -np.inf)
        for batches, (events, trials) in enumerate(order):
            factors = bernoulli_factor(
                scalar(events), scalar(trials), past[:, 0], past[:, 1], scalar(highest)
            )
            log_sum = advance(log_sum, scalar(batches), factors)
            past = np.array([0.0, 0.9, 1.0])[:, None] * (past + np.array([events, trials]))
            assert np.isfinite(log_e_value(log_sum, scalar(batches + 1))).all()


@pytest.mark.parametrize("line", [(1e-6, 0.0), (0.8, 0.0), (1.0, -0.999), (1.0, 0.999), (1e6, 0.0)])
def test_extreme_comparisons_stay_finite(line: tuple[float, float]) -> None:
    extremes = [(0, 1e6, 1e6, 1e6), (1e6, 1e6, 0, 1e6), (0, 1, 1, 1), (1, 1, 0, 1e6), (5e5, 1e6, 1, 2)]
    past = np.zeros(4)
    for now in np.array(extremes):
        assert np.isfinite(comparison_factor(now, past, scalar(line[0]), scalar(line[1])))
        past = 0.9 * (past + now)
