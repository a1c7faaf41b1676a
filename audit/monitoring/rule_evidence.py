"""Sequential test of one limit of a rule: "the value is at least", or "at most", on one measurement.

Rates and comparisons of two rates are tested by their counts, everything else by the p-values of its intervals.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from audit.monitoring.measured import RATE, RuleMeasurement
from audit.stats.eprocess import (
    CALIBRATORS,
    DISCOUNTS,
    advance,
    bernoulli_factor,
    calibrated_factors,
    comparison_factor,
    log_e_value,
    log_mean,
)

Side = Literal["low", "high"]
_COMPARISON_DISCOUNTS = np.array([0.75, 0.95])


@dataclass(frozen=True)
class LimitState:
    """Sums over starts, discounted counts (by discount), and the number of factors so far; empty at the start."""

    log_sums: list[float] = field(default_factory=list)
    past: list[list[float]] = field(default_factory=list)
    batches: int = 0

    @property
    def log_e(self) -> float:
        """Logarithm of the e-value."""
        if not self.log_sums:
            return 0.0
        return float(log_mean(log_e_value(np.array(self.log_sums), np.array(float(self.batches)))))


def after(state: LimitState, measurement: RuleMeasurement, side: Side, min_rows: int) -> LimitState:
    """Return the state after a batch; unchanged if the batch says nothing of this limit."""
    limit = measurement.low if side == "low" else measurement.high
    if measurement.is_counted:
        counts = measurement.counts
        if not all(trials for _, trials in counts.values()):
            return state
        if measurement.first.method == RATE:
            return _after_rate(state, counts, side, limit)
        return _after_comparison(state, counts, side, limit, measurement.first.method == "mover-ratio")
    bounds = (limit, np.inf) if side == "low" else (-np.inf, limit)
    for p_value in measurement.p_values(*bounds, min_rows):
        state = _advanced(state, calibrated_factors(p_value), len(CALIBRATORS))
    return state


def _after_rate(
    state: LimitState, counts: Mapping[str, tuple[float, float]], side: Side, limit: float
) -> LimitState:
    ((events, trials),) = counts.values()
    if side == "low":
        events, limit = trials - events, 1.0 - limit
    if limit <= 0.0:
        limit = 1e-12
    past = np.array(state.past) if state.past else np.zeros((len(DISCOUNTS), 2))
    factors = bernoulli_factor(
        np.array(events), np.array(trials), past[:, 0], past[:, 1], np.array(min(limit, 1.0))
    )
    discounted = DISCOUNTS[:, None] * (past + np.array([events, trials]))
    return replace(_advanced(state, factors, len(factors)), past=discounted.tolist())


def _after_comparison(
    state: LimitState, counts: Mapping[str, tuple[float, float]], side: Side, limit: float, is_ratio: bool
) -> LimitState:
    """Test "one - slope * other is ``intercept`` or more"; for an upper limit the two groups change places."""
    one, other = counts["unprivileged"], counts["privileged"]
    slope, intercept = (limit, 0.0) if is_ratio else (1.0, limit)
    if side == "high":
        one, other = other, one
        slope, intercept = (1.0 / limit if limit > 0 else np.inf, 0.0) if is_ratio else (1.0, -limit)
    if not (0.0 < slope < np.inf and -slope < intercept < 1.0):
        return state
    now = np.array([*one, *other])
    past = np.array(state.past) if state.past else np.zeros((len(_COMPARISON_DISCOUNTS), 4))
    factors = comparison_factor(now + np.zeros_like(past), past, np.array(slope), np.array(intercept))
    discounted = _COMPARISON_DISCOUNTS[:, None] * (past + now)
    return replace(_advanced(state, factors, len(factors)), past=discounted.tolist())


def _advanced(state: LimitState, factors: np.ndarray, number: int) -> LimitState:
    sums = np.array(state.log_sums) if state.log_sums else np.full(number, -np.inf)
    after_batch = advance(sums, np.array(float(state.batches)), factors)
    return replace(state, log_sums=after_batch.tolist(), batches=state.batches + 1)
