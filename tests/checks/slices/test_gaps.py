"""The measured gap, its interval and its influences, by hand: scipy, pandas-free sums, and derivatives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import beta

from audit.checks.slices.gaps import measured_gap
from audit.checks.slices.losses import LossRows
from audit.stats import interval

ROWS = 900


def drawn(errors: bool, weighted: bool, clustered: bool) -> tuple[LossRows, np.ndarray]:
    rng = np.random.default_rng(4)
    inside = rng.random(ROWS) < 0.2
    loss = (
        (rng.random(ROWS) < np.where(inside, 0.4, 0.15)).astype(float)
        if errors
        else rng.gamma(2.0, size=ROWS)
    )
    rows = LossRows(
        np.arange(ROWS),
        loss,
        None if errors else rng.normal(50, 7, ROWS),
        rng.uniform(0.5, 2.0, ROWS) if weighted else None,
        rng.integers(0, 300, ROWS) if clustered else None,
    )
    return rows, inside


def by_hand(rows: LossRows, inside: np.ndarray, weights: np.ndarray) -> float:
    means = [np.average(rows.loss[side], weights=weights[side]) for side in (inside, ~inside)]
    if rows.target is None:
        return float(means[0] - means[1])
    centre = np.average(rows.target, weights=weights)
    return float((means[0] - means[1]) / np.sqrt(np.average((rows.target - centre) ** 2, weights=weights)))


@pytest.mark.parametrize("errors", [True, False])
@pytest.mark.parametrize(
    ("weighted", "clustered"), [(False, False), (True, False), (False, True), (True, True)]
)
def test_value_and_influences(errors: bool, weighted: bool, clustered: bool) -> None:
    rows, inside = drawn(errors, weighted, clustered)
    gap = measured_gap(rows, inside)
    weights = np.ones(ROWS) if rows.weights is None else rows.weights
    assert gap.measurement.value == pytest.approx(by_hand(rows, inside, weights), abs=1e-12)
    assert (gap.measurement.n, gap.measurement.smallest_n, gap.rows) == (ROWS, inside.sum(), inside.sum())
    influence = gap.influence()
    assert influence.sum() == pytest.approx(0.0, abs=1e-9 * np.abs(influence).sum())
    step = 1e-5
    derivatives = []
    for row in range(40):
        heavier = weights.copy()
        heavier[row] *= 1.0 + step
        derivatives.append((by_hand(rows, inside, heavier) - by_hand(rows, inside, weights)) / step)
    # up to one factor, and Bessel's corrections
    ratio = influence[:40] @ derivatives / (np.asarray(derivatives) @ derivatives)
    np.testing.assert_allclose(influence[:40] / ratio, derivatives, atol=0.02 * np.abs(derivatives).max())


def test_interval_of_counts_by_scipy() -> None:
    """Zou's MOVER of the exact limits of both shares of errors."""
    rows, inside = drawn(errors=True, weighted=False, clustered=False)
    measurement = measured_gap(rows, inside).measurement
    shares, lows, highs = [], [], []
    for side in (inside, ~inside):
        events, trials = rows.loss[side].sum(), side.sum()
        shares.append(events / trials)
        lows.append(beta.ppf(0.025, events, trials - events + 1))
        highs.append(beta.ppf(0.975, events + 1, trials - events))
    gap = shares[0] - shares[1]
    low = gap - np.hypot(shares[0] - lows[0], highs[1] - shares[1])
    high = gap + np.hypot(highs[0] - shares[0], shares[1] - lows[1])
    assert interval(measurement, 0.95) == pytest.approx((low, high), abs=1e-9)


def test_large_errors_that_a_small_slice_lacks_are_in_its_interval() -> None:
    """One row in a hundred is 200 times as far off; of 60 rows, more than half of the samples have none of them."""
    inside = np.arange(1250) < 60
    passed = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        loss = np.where(rng.random(1250) < 0.01, 20.0, 0.1)
        gap = measured_gap(LossRows(np.arange(1250), loss, rng.normal(size=1250)), inside)
        limits = interval(gap.measurement, 0.95)
        assert limits is not None
        passed += limits[1] < 0.0
    assert passed <= 10


def test_copies_in_clusters_are_no_evidence() -> None:
    rows, inside = drawn(errors=True, weighted=False, clustered=False)
    single = interval(measured_gap(rows, inside).measurement, 0.95)
    copied = LossRows(
        np.arange(3 * ROWS), np.tile(rows.loss, 3), None, None, np.tile(np.arange(ROWS, dtype=np.int32), 3)
    )
    of_copies = interval(measured_gap(copied, np.tile(inside, 3)).measurement, 0.95)
    assert single is not None and of_copies is not None
    assert of_copies == pytest.approx(single, abs=0.002)
    free = interval(measured_gap(replace(copied, clusters=None), np.tile(inside, 3)).measurement, 0.95)
    assert free is not None and free[1] - free[0] < 0.7 * (single[1] - single[0])
