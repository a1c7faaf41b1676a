"""Limits of skewed means: against the exact limits of a share, Hall's cubic solved by hand, and enumeration."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import optimize, stats

from audit.result import Measurement
from audit.stats import interval
from audit.stats.group_estimates import Partition
from audit.stats.means import Moments, mean_limits, normal_squares_limit, two_point_limits

from .known import scalar


def sample(losses: np.ndarray, worst: float = math.nan, counts: np.ndarray | None = None) -> Moments:
    """The moments of losses, along the last axis; ``counts`` say how often each occurs."""
    counts = np.ones(losses.shape) if counts is None else counts
    rows = counts.sum(-1)
    mean = (counts * losses).sum(-1) / rows
    apart = losses - mean[..., None]
    second, third = ((counts * apart**power).sum(-1) / rows for power in (2, 3))
    skewness = np.divide(third, second**1.5, out=np.zeros_like(mean), where=second > 0)
    return Moments(mean, np.sqrt(second / (rows - 1)), rows, skewness, np.full_like(mean, worst))


@pytest.mark.parametrize(("k", "n"), [(1, 30), (7, 60), (50, 60), (300, 1000)])
def test_losses_of_0_and_1_have_the_exact_limits_of_their_share(k: int, n: int) -> None:
    share = k / n
    skewness = (1 - 2 * share) / math.sqrt(share * (1 - share))
    given = Moments(*map(np.asarray, (share, math.sqrt(share * (1 - share) / n), n, skewness, math.nan)))
    exact = stats.binomtest(k, n).proportion_ci(0.95, method="exact")
    assert two_point_limits(given, 0.025) == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_one_more_worst_row_gives_gaffke_s_limit_which_is_exact_for_0_and_1() -> None:
    losses = np.array([1.0] * 3 + [0.0] * 17)
    given = sample(losses, worst=1.0)
    _, high = mean_limits(given._replace(skewness=scalar(0.0), se=scalar(1e-9)), 0.025)
    bare = given._replace(se=np.sqrt(0.15 * 0.85 / 20))
    _, wide = mean_limits(bare, 0.025)
    assert wide >= stats.binomtest(3, 20).proportion_ci(0.95, method="exact").high - 1e-12
    assert high > 0.15 + (1.0 - 0.15) / 21  # even where nothing varies, one row in 21 may be the worst


@pytest.mark.parametrize("rows", [12.0, 50.0, 400.0])
@pytest.mark.parametrize("skewness", [-0.7, 0.0, 2.5])
def test_the_worst_row_more_is_put_beside_two_points_with_the_moments_of_the_rows(
    rows: float, skewness: float
) -> None:
    """Built up point by point: the rows' two points and the worst row, and the two points with their moments."""
    value, se, worst, tail = 0.4, 0.03, 9.0, 0.05
    share = optimize.brentq(
        lambda q: (1 - 2 * q) / math.sqrt(q * (1 - q)) - skewness, 1e-9, 1 - 1e-9, xtol=1e-15
    )
    sd = se * math.sqrt(rows)
    points = [value - sd * math.sqrt(share / (1 - share)), value + sd * math.sqrt((1 - share) / share), worst]
    chances = np.array([rows * (1 - share), rows * share, 1.0]) / (rows + 1)
    mean = np.dot(chances, points)
    second, third = (np.dot(chances, (np.array(points) - mean) ** power) for power in (2, 3))
    upper = optimize.brentq(
        lambda q: (1 - 2 * q) / math.sqrt(q * (1 - q)) - third / second**1.5, 1e-9, 1 - 1e-9, xtol=1e-15
    )
    spread = math.sqrt(second / (upper * (1 - upper)))
    drawn = stats.beta.ppf(1 - tail, (rows + 1) * upper, (rows + 1) * (1 - upper))
    expected = mean + spread * (drawn - upper)
    given = Moments(*map(np.asarray, (value, se, rows, skewness, math.nan)))
    without = mean_limits(given, tail)[1]
    found = mean_limits(given._replace(worst=scalar(worst)), tail)[1]
    assert expected > without and found == pytest.approx(expected, rel=1e-6)


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
    given = Moments(*map(np.asarray, (2.0, 0.4, 10.0, 0.1, math.nan)))
    assert normal_squares_limit(given, 0.025) == pytest.approx(20.0 / stats.chi2.ppf(0.025, 10))
    facts = {"metric": "rmse", "value": math.sqrt(2.0), "n": 10, "method": "root-mean-skewed", "se": 0.1}
    found = interval(Measurement(**facts, counts={"rows": [10.0]}), 0.95)  # type: ignore[arg-type]
    assert found is not None and found[1] == pytest.approx(math.sqrt(20.0 / stats.chi2.ppf(0.025, 10)))


@pytest.mark.parametrize(
    "change", [{"se": np.nan}, {"se": 0.0}, {"value": np.nan}, {"rows": 1.0}, {"se": np.inf}]
)
def test_what_is_not_known_has_no_limits(change: dict[str, float]) -> None:
    given = Moments(*map(np.asarray, (0.3, 0.1, 20.0, 1.0, 5.0)))
    limits = mean_limits(given._replace(**{name: np.array(value) for name, value in change.items()}), 0.025)
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
    assert plain.smallest(values).tolist() == [values[:50].min(), values[50:].min()]


@pytest.mark.parametrize("rows", [40, 400])
def test_rare_losses_as_bad_as_they_can_be_are_covered_at_any_number_of_rows(rows: int) -> None:
    """Enumeration: the large loss is so rare that most samples have none of it."""
    share, worst, common = 0.5 / rows, 34.5, np.array([0.1, 0.5])
    chance, seldom = stats.binom.pmf(np.arange(6), rows, share), np.arange(6)
    counts = np.stack([(rows - seldom) / 2.0, (rows - seldom) / 2.0, seldom], axis=-1)
    losses = np.broadcast_to([*common, worst], counts.shape)
    _, high = mean_limits(sample(losses, worst, counts), 0.025)
    truth = share * worst + (1.0 - share) * common.mean()
    assert chance[high < truth].sum() <= 0.025
    _, bare = mean_limits(sample(losses, counts=counts), 0.025)
    assert chance[bare < truth].sum() > 0.5


@pytest.mark.parametrize("rows", [2.0, 20.0, 3000.0])
def test_rows_without_a_loss_have_the_limits_of_a_share_of_which_none_was_seen(rows: float) -> None:
    given = Moments(*map(np.asarray, (0.0, 0.0, rows, 0.0, 2.5)))
    assert mean_limits(given, 0.05) == pytest.approx((0.0, 2.5 * stats.beta.ppf(0.95, 1, rows)))
    assert np.isnan(mean_limits(given._replace(worst=scalar(math.nan)), 0.05)).all()


@pytest.mark.parametrize("rows", [2, 3, 6])
def test_a_mean_of_losses_is_between_0_and_the_worst(rows: int) -> None:
    sizes = {"rows": [float(rows)], "cubes": [0.0, float(rows)]}
    bounded = interval(measured("mean-skewed", 0.6, 0.35, **sizes, worst=[0.9 * rows, float(rows)]), 0.95)
    assert bounded == pytest.approx((0.0, 0.9))
    unbounded = interval(measured("mean-skewed", 0.6, 0.35, **sizes), 0.95)
    below = interval(
        measured("mean-skewed", -0.6, 0.35, **sizes), 0.95
    )  # no loss: what a plug-in may measure
    assert unbounded and below and unbounded[0] == 0.0 and unbounded[1] > 0.9 and below[0] < -0.6


def measured(method: str, value: float, se: float, **counts: list[float]) -> Measurement:
    return Measurement(metric="x.y", value=value, n=40, method=method, se=se, counts=counts)


def test_a_measurement_s_means_are_bounded_from_its_counts() -> None:
    """The sum of cubes and of worst losses stand beside the rows that they are of."""
    given = Moments(*map(np.asarray, (0.3, 0.05, 40.0, 24.0 / 40.0, 60.0 / 40.0)))
    m = measured("mean-skewed", 0.3, 0.05, rows=[40.0], cubes=[24.0, 40.0], worst=[60.0, 40.0])
    assert interval(m, 0.9) == pytest.approx([float(end) for end in mean_limits(given, 0.05)])
    bare = measured("mean-skewed", 0.3, 0.05, rows=[40.0], cubes=[0.0, 0.0])
    plain = given._replace(skewness=scalar(0.0), worst=scalar(math.nan))
    assert interval(bare, 0.9) == pytest.approx([float(end) for end in mean_limits(plain, 0.05)])


def test_a_mean_below_0_which_is_none_of_losses_keeps_its_limits() -> None:
    given = Moments(*map(np.asarray, (-0.3, 0.05, 40.0, 0.0, math.nan)))
    found = interval(measured("mean-skewed", -0.3, 0.05, rows=[40.0]), 0.9)
    assert found == pytest.approx([float(end) for end in mean_limits(given, 0.05)])


@pytest.mark.parametrize(("rows", "few"), [(49.0, True), (50.0, False), (51.0, False)])
def test_a_root_has_the_roots_of_the_limits_of_squares(rows: float, few: bool) -> None:
    given = Moments(*map(np.asarray, (0.25, 0.04, rows, 0.3, math.nan)))
    low, high = mean_limits(given, 0.05)
    chi = 0.25 * rows / stats.chi2.ppf(0.05, rows)
    assert chi > high  # so that it shows whether it was asked
    m = measured("root-mean-skewed", 0.5, 0.04, rows=[rows], cubes=[0.3 * rows, rows])
    assert interval(m, 0.9) == pytest.approx((math.sqrt(low), math.sqrt(chi if few else high)))


def test_the_mean_below_0_of_a_root_is_0() -> None:
    m = measured("root-mean-skewed", 0.1, 0.5, rows=[9.0])
    found = interval(m, 0.95)
    assert found is not None and found[0] == 0.0 < found[1]


def test_an_explained_variance_has_the_lower_of_two_lower_limits() -> None:
    for value, se, rows in ((0.6, 0.05, 40.0), (-0.5, 0.4, 40.0), (0.6, 0.01, 1.5)):
        quantile = stats.t.isf(0.05, rows - 1)
        given = Moments(*map(np.asarray, (value, se, rows, 0.0, math.nan)))
        low, high = (float(end) for end in mean_limits(given, 0.05))
        ratio = 1 - value
        logarithm = 1 - ratio * math.exp(quantile * se / ratio)
        assert logarithm < low
        m = measured("explained-variance", value, se, rows=[rows])
        assert interval(m, 0.9) == pytest.approx((logarithm, min(high, 1.0)))
    perfect = interval(measured("explained-variance", 1.0, 0.1, rows=[40.0]), 0.9)
    given = Moments(*map(np.asarray, (1.0, 0.1, 40.0, 0.0, math.nan)))
    assert perfect == pytest.approx((float(mean_limits(given, 0.05)[0]), 1.0))
