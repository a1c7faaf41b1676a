"""What the evidence of an attack is worth, test by test, on flips that are made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from audit.checks.robustness import evidence
from audit.checks.robustness.validity import bound
from audit.result import Measurement
from audit.stats import interval


def some(rows: int, of: int, start: int = 0) -> np.ndarray:
    """Return which of so many rows are flipped: those from ``start`` on."""
    return (np.arange(of) >= start) & (np.arange(of) < start + rows)


@pytest.mark.parametrize(
    ("rows", "verdict"), [(0, "holds"), (10, "holds"), (11, "in doubt"), (200, "in doubt")]
)
def test_rows_without_a_gradient(rows: int, verdict: str) -> None:
    found = evidence.zero_gradient(some(rows, 200))
    exact = binomtest(rows, 200).proportion_ci(0.99, "exact")
    assert found.verdict == verdict and found.figure == rows / 200 and found.rows == 200
    assert found.span == pytest.approx((exact.low, exact.high))


@pytest.mark.parametrize(("share", "verdict"), [(0.05, "holds"), (0.051, "in doubt")])
def test_change_that_a_gradient_misses(share: float, verdict: str) -> None:
    assert evidence.missed(share, 200).verdict == verdict


def test_noise_that_flips_more_is_a_doubt_where_chance_does_not_explain_it() -> None:
    attack = some(60, 400)
    assert evidence.beaten("noise", some(62, 400), "the attacks", attack).verdict == "holds"
    more = evidence.beaten("noise", some(80, 400), "the attacks", attack)
    assert more.verdict == "in doubt" and more.figure == 20 / 400
    assert more.span is not None and 0 < more.span[0] < 20 / 400 < more.span[1]
    assert more.doubt == "noise flips 5.0% of the rows more than the attacks"
    # As many flips on other rows are no fewer: what counts is the difference.
    assert evidence.beaten("noise", some(60, 400, start=60), "the attacks", attack).verdict == "holds"


def test_a_large_attack_is_held_against_what_values_of_the_background_flip() -> None:
    reachable = some(200, 256)
    assert evidence.reach(reachable, some(190, 256)).verdict == "holds"
    stuck = evidence.reach(reachable, some(150, 256))
    assert stuck.verdict == "in doubt" and stuck.figure == 0.75 and stuck.rows == 200
    assert evidence.reach(reachable, some(56, 256, start=200)).figure == 0  # flips of other rows do not count
    assert evidence.reach(some(0, 256), some(0, 256)).verdict == "not judged"
    assert evidence.unscored().verdict == "in doubt"


@pytest.mark.parametrize(("rows", "verdict"), [(0, "holds"), (7, "holds"), (9, "in doubt")])
def test_a_search_by_other_means_is_a_doubt_where_it_is_shown_to_flip_more_than_one_in_a_hundred(
    rows: int, verdict: str
) -> None:
    low = binomtest(rows, 256).proportion_ci(0.99, "exact").low
    assert (low > 0.01) == (verdict == "in doubt")
    assert evidence.outdone("a search", some(rows, 256)).verdict == verdict


def test_scores_that_are_labels_guide_nobody() -> None:
    labels = np.array([[0.0, -9.0], [-9.0, 0.0]])[np.arange(50) % 2]
    assert evidence.told_apart(labels).verdict == "in doubt"
    leaves = np.concatenate([labels, [[-1.0, -2.0]]])
    assert evidence.told_apart(leaves).verdict == "holds"


def test_the_sentence_names_each_doubt_once() -> None:
    doubt = evidence.zero_gradient(some(50, 100))
    told = bound(["pgd", "worst"], [doubt, doubt, evidence.missed(0.0, 9)])
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
