"""What the evidence of an attack is worth, test by test, on flips that are made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from audit.checks.robustness import sanity_tests as evidence
from audit.checks.robustness.validity_table import bound_sentence
from audit.result import Measurement
from audit.stats import interval


def some(rows: int, of: int, start: int = 0) -> np.ndarray:
    """Return which of so many rows are flipped: those from ``start`` on."""
    return (np.arange(of) >= start) & (np.arange(of) < start + rows)


@pytest.mark.parametrize(
    ("rows", "verdict"), [(0, "holds"), (10, "holds"), (11, "in doubt"), (200, "in doubt")]
)
def test_rows_without_a_gradient(rows: int, verdict: str) -> None:
    found = evidence.test_zero_gradient(some(rows, 200))
    exact = binomtest(rows, 200).proportion_ci(0.99, "exact")
    assert found.verdict == verdict and found.figure == rows / 200 and found.rows == 200
    assert found.interval == pytest.approx((exact.low, exact.high))


@pytest.mark.parametrize(("share", "verdict"), [(0.05, "holds"), (0.051, "in doubt")])
def test_change_that_a_gradient_misses(share: float, verdict: str) -> None:
    assert evidence.test_gradient_agreement(share, 200).verdict == verdict


def test_noise_that_flips_more_is_a_doubt_where_chance_does_not_explain_it() -> None:
    attack = some(60, 400)
    assert evidence.test_against_weaker("noise", some(62, 400), "the attacks", attack).verdict == "holds"
    more = evidence.test_against_weaker("noise", some(80, 400), "the attacks", attack)
    assert more.verdict == "in doubt" and more.figure == 20 / 400
    assert more.interval is not None and 0 < more.interval[0] < 20 / 400 < more.interval[1]
    assert more.doubt == "noise flips 5.0% more of the rows than the attacks"
    # As many flips on other rows are no fewer: what counts is the difference.
    assert (
        evidence.test_against_weaker("noise", some(60, 400, start=60), "the attacks", attack).verdict
        == "holds"
    )


def test_a_large_attack_is_held_against_what_values_of_the_background_flip() -> None:
    reachable = some(200, 256)
    assert evidence.test_unbounded_attack(reachable, some(190, 256)).verdict == "holds"
    stuck = evidence.test_unbounded_attack(reachable, some(150, 256))
    assert stuck.verdict == "in doubt" and stuck.figure == 0.75 and stuck.rows == 200
    assert (
        evidence.test_unbounded_attack(reachable, some(56, 256, start=200)).figure == 0
    )  # flips of other rows do not count
    assert evidence.test_unbounded_attack(some(0, 256), some(0, 256)).verdict == "not judged"
    assert evidence.untestable().verdict == "in doubt"


@pytest.mark.parametrize(
    ("rows", "of", "verdict"),
    [
        *[(0, 256, "holds"), (4, 256, "holds"), (5, 256, "in doubt"), (9, 256, "in doubt")],
        *[(12, 1000, "holds"), (30, 1000, "in doubt")],
        *[(0, 104, "holds"), (0, 103, "holds, but on few rows"), (1, 105, "holds, but on few rows")],
        *[(1, 32, "holds, but on few rows"), (3, 32, "in doubt"), (0, 0, "not judged")],
    ],
)
def test_another_search_has_to_flip_few_rows_and_enough_rows_to_show_that(
    rows: int, of: int, verdict: str
) -> None:
    """It is a doubt where more than 1 % is shown, or more than 5 % not ruled out by rows that could."""
    found = evidence.test_independent_search("a search", some(rows, of))
    assert found.verdict == verdict
    if of:
        exact, none = (binomtest(k, of).proportion_ci(0.99, "exact") for k in (rows, 0))
        shown, possible = exact.low > 0.01, exact.high > 0.05
        assert (verdict == "in doubt") == (shown or (possible and rows / of > 0.01 and none.high <= 0.05))
        assert (verdict == "holds, but on few rows") == (possible and verdict != "in doubt")


def test_scores_that_are_labels_guide_nobody() -> None:
    labels = np.array([[0.0, -9.0], [-9.0, 0.0]])[np.arange(100) % 2]
    assert evidence.test_score_resolution(labels, 3).doubt.startswith("the scores are only labels")
    leaves = labels.copy()
    leaves[0] = -1.0, -2.0
    assert (
        evidence.test_score_resolution(leaves, 11).verdict == "holds"
    )  # every two of the columns are tried anyway


@pytest.mark.parametrize(("changed", "verdict"), [(59, "in doubt"), (60, "holds")])
def test_scores_that_few_small_moves_change_guide_nobody_through_many_columns(
    changed: int, verdict: str
) -> None:
    before = np.random.default_rng(0).normal(size=(100, 2))
    after = np.where(np.arange(100)[:, None] < changed, before + 1e-9, before)
    found = evidence.test_score_resolution(np.concatenate([before, after]), 12)
    assert found.verdict == verdict and found.figure == pytest.approx(changed / 100) and found.rows == 100


def test_the_sentence_names_each_doubt_once() -> None:
    doubt = evidence.test_zero_gradient(some(50, 100))
    told = bound_sentence(["pgd", "worst"], [doubt, doubt, evidence.test_gradient_agreement(0.0, 9)])
    assert told.startswith(
        "Accuracy under pgd and worst is an upper bound only, since 50% of the rows have no gradient. A rule"
    )


@pytest.mark.parametrize("k", [0, 7, 40])
def test_a_bound_is_the_exact_limit_on_its_side_and_none_on_the_other(k: int) -> None:
    def at(method: str) -> tuple[float, float] | None:
        found = Measurement(metric="m", value=k / 40, n=40, method=method, counts={"rate": [k, 40]})
        return interval(found, 0.95)

    exact = binomtest(k, 40).proportion_ci(0.95, "exact")
    assert at("clopper-pearson-upper") == pytest.approx((0, exact.high))
    assert at("clopper-pearson-lower") == pytest.approx((exact.low, 1))
