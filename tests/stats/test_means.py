"""Limits of skewed means: against the exact limits of a share, Hall's cubic solved by hand, and enumeration."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import optimize, stats

from audit.estimates import Partition
from audit.result import Measurement
from audit.stats import interval
from audit.stats.means import Sample, mean_limits, of_normal_squares, two_point_limits


def sample(losses: np.ndarray, worst: float = math.nan, counts: np.ndarray | None = None) -> Sample:
    """The moments of losses, along the last axis; ``counts`` say how often each occurs."""
    counts = np.ones(losses.shape) if counts is None else counts
    rows = counts.sum(-1)
    mean = (counts * losses).sum(-1) / rows
    apart = losses - mean[..., None]
    second, third = ((counts * apart**power).sum(-1) / rows for power in (2, 3))
    skewness = np.divide(third, second**1.5, out=np.zeros_like(mean), where=second > 0)
    return Sample(mean, np.sqrt(second / (rows - 1)), rows, skewness, np.full_like(mean, worst))


@pytest.mark.parametrize(("k", "n"), [(1, 30), (7, 60), (50, 60), (300, 1000)])
def test_losses_of_0_and_1_have_the_exact_limits_of_their_share(k: int, n: int) -> None:
    share = k / n
    skewness = (1 - 2 * share) / math.sqrt(share * (1 - share))
    given = Sample(*map(np.float64, (share, math.sqrt(share * (1 - share) / n), n, skewness, math.nan)))
    exact = stats.binomtest(k, n).proportion_ci(0.95, method="exact")
    assert two_point_limits(given, 0.025) == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_one_more_worst_row_gives_gaffke_s_limit_which_is_exact_for_0_and_1() -> None:
    losses = np.array([1.0] * 3 + [0.0] * 17)
    given = sample(losses, worst=1.0)
    _, high = mean_limits(given._replace(skewness=np.float64(0.0), se=np.float64(1e-9)), 0.025)
    bare = given._replace(se=np.sqrt(0.15 * 0.85 / 20))
    _, wide = mean_limits(bare, 0.025)
    assert wide >= stats.binomtest(3, 20).proportion_ci(0.95, method="exact").high - 1e-12
    assert high > 0.15 + (1.0 - 0.15) / 21  # even where nothing varies, one row in 21 may be the worst


def hall(z: float, skewness: float, rows: float) -> float:
    """The t at which Hall's transformation is z, by search."""

    def transformed(t: float) -> float:
        bend = skewness / math.sqrt(rows)
        return t + bend * t**2 / 3 + bend**2 * t**3 / 27 + bend / 6

    return float(optimize.brentq(lambda t: transformed(t) - z, -1e4, 1e4, xtol=1e-13))


@pytest.mark.parametrize(
    "losses", [[0.1, 0.2, 0.3, 0.9, 0.15, 0.12], [1.0, 2.0, 3.0, 4.0], [0.9, 0.8, 0.85, 0.1]]
)
def test_the_widest_of_three_limits(losses: list[float]) -> None:
    rows = np.array(losses)
    mean, se, skewness = rows.mean(), stats.sem(rows), stats.skew(rows)
    quantile = stats.t.ppf(0.975, len(rows) - 1)
    student = [mean - quantile * se, mean + quantile * se]
    hall_s = [
        mean - se * hall(quantile, skewness, len(rows)),
        mean - se * hall(-quantile, skewness, len(rows)),
    ]
    two = two_point_limits(sample(rows), 0.025)
    expected = [
        min(a, b, c) if low else max(a, b, c)
        for low, a, b, c in zip((1, 0), student, hall_s, two, strict=True)
    ]
    assert mean_limits(sample(rows), 0.025) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("shares", [(0.6, 0.3, 0.1), (0.2, 0.5, 0.3), (0.85, 0.1, 0.05)])
def test_coverage_of_three_losses_by_enumeration(shares: tuple[float, ...]) -> None:
    n, values = 60, np.array([0.0, 0.3, 1.0])
    counts = np.array(
        [(a, b, n - a - b) for a, b in itertools.product(range(n + 1), repeat=2) if a + b <= n], float
    )
    low, high = mean_limits(sample(np.broadcast_to(values, counts.shape), counts=counts), 0.025)
    chance, truth = stats.multinomial.pmf(counts, n, shares), float(np.dot(shares, values))
    above, below = chance[low > truth].sum(), chance[high < truth].sum()
    assert above <= 0.035 and below <= 0.035 and chance[(low <= truth) & (truth <= high)].sum() >= 0.935


def test_few_squares_of_normal_errors_are_bounded_by_chi_squared() -> None:
    given = Sample(*map(np.float64, (2.0, 0.4, 10.0, 0.1, math.nan)))
    assert of_normal_squares(given, 0.025) == pytest.approx(20.0 / stats.chi2.ppf(0.025, 10))
    facts = {"metric": "rmse", "value": math.sqrt(2.0), "n": 10, "method": "root-mean-skewed", "se": 0.1}
    found = interval(Measurement(**facts, counts={"rows": [10.0]}), 0.95)  # type: ignore[arg-type]
    assert found is not None and found[1] == pytest.approx(math.sqrt(20.0 / stats.chi2.ppf(0.025, 10)))


@pytest.mark.parametrize(
    "change", [{"se": np.nan}, {"se": 0.0}, {"value": np.nan}, {"rows": 1.0}, {"se": np.inf}]
)
def test_what_is_not_known_has_no_limits(change: dict[str, float]) -> None:
    given = Sample(*map(np.float64, (0.3, 0.1, 20.0, 1.0, 5.0)))
    limits = mean_limits(given._replace(**{name: np.float64(value) for name, value in change.items()}), 0.025)
    assert np.isnan(limits).all()


def test_moments_are_those_of_the_rows_their_weights_and_their_clusters() -> None:
    random = np.random.default_rng(3)
    values, codes = random.gamma(1.0, size=90), np.repeat([0, 1], [50, 40])
    weights, clusters = random.integers(1, 5, 90).astype(float), np.arange(90) // 2

    def influence(of: Partition) -> np.ndarray:
        return values - of.mean(values)[codes]

    plain = Partition(codes, 2, None, None)
    errors, skewness = plain.moments(influence(plain))
    for group in range(2):
        rows = values[codes == group]
        assert (errors[group], skewness[group]) == pytest.approx((stats.sem(rows), stats.skew(rows)))
    weighted = Partition(codes, 2, weights, None)
    parts = (weights * influence(weighted))[
        :50
    ]  # a sum of independent parts is as skewed as their third powers say
    of_sum = (parts**3).sum() / (parts**2).sum() ** 1.5
    assert weighted.moments(influence(weighted))[1][0] == pytest.approx(
        of_sum * weights[:50].sum() / np.sqrt((weights[:50] ** 2).sum())
    )
    pairs = Partition(codes, 2, None, clusters)
    sums = influence(pairs)[:50].reshape(25, 2).sum(1)
    assert pairs.moments(influence(pairs))[1][0] == pytest.approx(stats.skew(sums))
    assert plain.largest(values).tolist() == [values[:50].max(), values[50:].max()]
