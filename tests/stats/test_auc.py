"""Limits of the AUC against their defining equations, published figures and seeded simulation."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from audit.stats.auc import auc_limits, newcombe

Z = stats.norm.ppf(0.975)


def known(
    auc: float, se: float | None, favorable: float, unfavorable: float, tail: float, joint: bool = False
) -> tuple[float, float]:
    limits = auc_limits(auc, se, favorable, unfavorable, tail, joint)
    assert limits is not None
    return limits


def hanley_mcneil(auc: float, m: float, n: float) -> float:
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    return (auc * (1 - auc) + (m - 1) * (q1 - auc**2) + (n - 1) * (q2 - auc**2)) / (m * n)


def test_large_samples_have_delongs_limits_on_the_logit_scale() -> None:
    # the delta method: the standard error of logit(A) is se / (A (1 - A))
    # a standard error far below Hanley and McNeil's shows that method 5 has no say here
    low, high = known(0.8, 0.002, 3000, 4000, 0.025)
    logit = [math.log(x / (1 - x)) for x in (low, 0.8, high)]
    assert logit[1] - logit[0] == pytest.approx(Z * 0.002 / 0.16)
    assert logit[2] - logit[1] == pytest.approx(Z * 0.002 / 0.16)


def test_standard_error_of_the_example_of_hanley_and_mcneil() -> None:
    # Radiology 143 (1982): 58 normal and 51 abnormal, area 0.893, standard error 0.032
    low, high = newcombe(0.893, 51, 58, 1e-3)
    assert (0.893 - low) / 1e-3 == pytest.approx(0.032, abs=5e-4)
    assert (high - 0.893) / 1e-3 == pytest.approx(0.032, abs=5e-4)


@pytest.mark.parametrize(("auc", "m", "n"), [(0.893, 51, 58), (0.5, 10, 10), (1.0, 7, 30), (0.02, 40, 5)])
def test_method_5_solves_its_equation(auc: float, m: int, n: int) -> None:
    mean = (m + n) / 2

    def distance(true: float) -> float:
        # method 5: Hanley and McNeil's variance at the true value, both sizes set to their mean
        return (auc - true) ** 2 - Z**2 * hanley_mcneil(true, mean, mean) * mean**2 / (m * n)

    low, high = newcombe(auc, m, n, Z)
    # the AUC itself is no root: there the distance is negative, unless the variance is 0
    assert low == pytest.approx(optimize.brentq(distance, 0, auc - 1e-6, xtol=1e-14))
    assert high == pytest.approx(optimize.brentq(distance, auc + 1e-6, 1, xtol=1e-14) if auc < 1 else 1)


@pytest.mark.parametrize("se", [None, 0.0, math.nan, math.inf])
@pytest.mark.parametrize(("auc", "m", "n"), [(0.9, 60, 200), (0.8, 300, 400)])
def test_without_a_usable_standard_error_method_5_stands_alone(
    auc: float, m: int, n: int, se: float | None
) -> None:
    assert auc_limits(auc, se, m, n, 0.025) == pytest.approx(newcombe(auc, m, n, Z))


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0, 4.0])
def test_rows_that_err_jointly_count_as_those_that_explain_their_variance(factor: float) -> None:
    """Four times the variance is that of a quarter of the rows; less than that of independent rows is not believed."""
    independent = math.sqrt(hanley_mcneil(0.8, 350, 350))
    low, high = known(0.8, factor * independent, 350, 350, 0.025, joint=True)
    share = min(1.0, factor**-2)
    wider = newcombe(0.8, share * 350, share * 350, Z)
    alone = known(0.8, factor * independent, 350, 350, 0.025)
    assert (low, high) == pytest.approx((min(alone[0], wider[0]), max(alone[1], wider[1])))
    assert low < alone[0] or factor < 1


@pytest.mark.parametrize("se", [0.0, 0.05])
@pytest.mark.parametrize("auc", [0.0, 1.0])
def test_a_perfect_ranking_still_has_a_width(auc: float, se: float) -> None:
    low, high = known(auc, se, 30, 30, 0.025)
    assert high - low > 0.05
    assert auc in (low, high)


def test_few_misordered_rows_get_the_wider_of_both() -> None:
    careful = newcombe(0.6, 20, 400, Z)
    low, high = known(0.6, 0.001, 20, 400, 0.025)
    assert (low, high) == pytest.approx(careful)
    low, high = known(0.6, 0.2, 20, 400, 0.025)
    assert low < careful[0] < careful[1] < high


@pytest.mark.parametrize(
    ("auc", "m", "n"), [(0.99, 15, 200), (0.97, 30, 200), (0.95, 200, 50), (1.0, 12, 900)]
)
def test_the_largest_share_of_hidden_positives_that_may_be_unseen_is_within(
    auc: float, m: int, n: int
) -> None:
    """A share p of the smaller class, all misordered, has no row in the sample with probability (1 - p)^rows."""
    hidden = optimize.brentq(lambda p: (1 - p) ** min(m, n) - 0.025, 0, 1)
    assert hidden == pytest.approx(
        stats.beta.ppf(0.975, 1, min(m, n))
    )  # Clopper and Pearson's limit of 0 rows
    low, high = known(auc, 0.001, m, n, 0.025)
    assert low == pytest.approx((1 - hidden) * auc)
    mirrored = known(1 - auc, 0.001, m, n, 0.025)
    assert mirrored == pytest.approx((1 - high, 1 - low))
    assert known(auc, 0.001, n, m, 0.025) == pytest.approx((low, high))
    assert known(auc, 0.001 / 2, 4 * m, 4 * n, 0.025)[0] > low


@pytest.mark.parametrize(("m", "share"), [(15, 0.1), (30, 0.05), (50, 0.05), (200, 0.01)])
def test_a_few_hidden_positives_are_covered(m: int, share: float) -> None:
    """Scores of a well separated model, of which a share of the positives lies below all negatives."""
    rng = np.random.default_rng(9)
    repeats = 1000
    truth = (1 - share) * stats.norm.cdf(3 / math.sqrt(2))
    wrongly_above = 0
    missed = 0
    for _ in range(repeats):
        positives = np.where(rng.random(m) < share, -9.0, rng.normal(3, 1, m))
        value, se = delong(positives, rng.normal(0, 1, 200))
        low, high = known(value, se, m, 200, 0.025)
        wrongly_above += low > truth
        missed += not low <= truth <= high
    assert wrongly_above / repeats <= 0.03
    assert missed / repeats <= 0.05 + 0.018


@pytest.mark.parametrize(("auc", "m", "n"), [(math.nan, 5, 5), (0.5, 0, 5), (0.5, 5, 0)])
def test_nothing_to_tell(auc: float, m: int, n: int) -> None:
    assert auc_limits(auc, 0.1, m, n, 0.025) is None


@pytest.mark.parametrize(("rows", "alone"), [(19, False), (20, True), (21, True)])
def test_ten_misordered_rows_of_the_smaller_class_are_enough_for_delong_alone(rows: int, alone: bool) -> None:
    """Half of 20 are 10; a standard error far too small shows whether method 5 has a say."""
    unseen = 0.5 * 0.025 ** (1 / rows)
    for sizes in ((rows, 400), (400, rows)):
        low, high = known(0.5, 0.001, *sizes, 0.025)
        assert (low, high) == (
            pytest.approx((unseen, 1 - unseen)) if alone else pytest.approx(newcombe(0.5, *sizes, Z))
        )


def test_one_row_of_each_class_bounds_an_auc() -> None:
    # what one row bounds: a share of 97.5 % of its class may be on the other side
    assert auc_limits(1.0, None, 1, 1, 0.025) == pytest.approx((0.025, 1.0))
    assert auc_limits(0.0, None, 1, 1, 0.025) == pytest.approx((0.0, 0.975))


def delong(favorable: np.ndarray, others: np.ndarray) -> tuple[float, float]:
    wins = (favorable[:, None] > others[None]) + 0.5 * (favorable[:, None] == others[None])
    variance = wins.mean(1).var(ddof=1) / len(favorable) + wins.mean(0).var(ddof=1) / len(others)
    return float(wins.mean()), math.sqrt(variance)


@pytest.mark.parametrize(
    ("m", "n", "auc"), [(10, 10, 0.7), (10, 200, 0.9), (50, 50, 0.9), (50, 50, 0.97), (200, 200, 0.7)]
)
def test_simulated_coverage(m: int, n: int, auc: float) -> None:
    rng, hits, repeats = np.random.default_rng(7), 0, 1000
    shift = stats.norm.ppf(auc) * math.sqrt(2)
    for _ in range(repeats):
        value, se = delong(rng.normal(shift, 1, m), rng.normal(0, 1, n))
        low, high = known(value, se, m, n, 0.025)
        hits += low <= auc <= high
    # the 99 % bound of 1,000 repeats at 95 % is 1.8 points
    assert hits / repeats >= 0.935 - 0.018
