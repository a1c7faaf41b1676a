"""Coverage by exact enumeration of small sizes, through the public door; the rest is in benchmarks/."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from audit.result import Measurement
from audit.stats import intervals

from .known import known_interval

RATES = np.round(np.linspace(0.05, 0.95, 10), 10)


def weights(n: int, rate: float) -> np.ndarray:
    return stats.binom.pmf(np.arange(n + 1), n, rate)


def coverage(limits: np.ndarray, truth: float, *probabilities: np.ndarray) -> float:
    """Sum the probability of all outcomes whose limits (last axis: low, high) contain the truth."""
    hit = (limits[..., 0] <= truth + 1e-12) & (truth - 1e-12 <= limits[..., 1])
    for probability in reversed(probabilities):
        hit = hit @ probability
    return float(hit)


@pytest.mark.parametrize("n", [10, 50, 100, 500])
def test_one_proportion(n: int) -> None:
    def limits(k: int) -> tuple[float, float]:
        counts = {"rate": [float(k), float(n)]}
        return known_interval(
            Measurement(metric="x", value=k / n, n=n, method="clopper-pearson", counts=counts), 0.95
        )

    table = np.array([limits(k) for k in range(n + 1)])
    found = [coverage(table, rate, weights(n, rate)) for rate in np.linspace(0.05, 0.95, 91)]
    assert min(found) >= 0.935
    assert n < 100 or max(found) <= 0.985


def pair_limits(method: str, n: int, m: int) -> np.ndarray:
    def measured(k: int, j: int) -> Measurement:
        value = k / n - j / m if method == "mover-difference" else k * m / (j * n) if j else math.inf
        counts = {"unprivileged": [float(k), float(n)], "privileged": [float(j), float(m)]}
        return Measurement(metric="x", value=value, n=n + m, method=method, counts=counts)

    found = intervals([measured(k, j) for k in range(n + 1) for j in range(m + 1)], 0.95)
    return np.array([(math.nan, math.nan) if span is None else span for span in found]).reshape(
        n + 1, m + 1, 2
    )


@pytest.mark.parametrize("method", ["mover-difference", "mover-ratio"])
@pytest.mark.parametrize(("n", "m"), [(10, 10), (10, 50), (50, 10), (50, 50), (10, 500), (100, 100)])
def test_two_proportions(method: str, n: int, m: int) -> None:
    table = pair_limits(method, n, m)
    found = [
        coverage(table, p - q if method == "mover-difference" else p / q, weights(n, p), weights(m, q))
        for p, q in itertools.product(RATES, RATES)
    ]
    assert min(found) >= 0.935
    assert min(n, m) < 100 or max(found) <= 0.985
