"""Which rules the rows are too few for: those that even the best model would not pass on them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scipy.stats import beta

from audit.gate.attainable import never_attainable, underpowered
from audit.policy.gate_spec import Rule
from audit.result import Measurement

from .builders import at_least, bare, exact, plugged, rate


def gap(k: tuple[int, int], n: tuple[int, int], method: str = "mover-difference") -> Measurement:
    counts = {
        name: [float(a), float(b)] for name, a, b in zip(("unprivileged", "privileged"), k, n, strict=True)
    }
    return Measurement(metric="c.rate", value=0.5, n=sum(n), smallest_n=min(n), method=method, counts=counts)


def needs_for_all_right(limit: float) -> int:
    """The fewest rows, all of them right, whose exact lower limit reaches ``limit``: (1 - limit) by hand."""
    return next(n for n in range(1, 10_000) if beta.ppf(0.025, n, 1) >= limit)


def test_a_share_needs_as_many_rows_as_all_right_would() -> None:
    fewest = needs_for_all_right(0.9)
    assert underpowered(at_least(0.9), rate(0, fewest), 0.95) is None  # what was seen does not matter
    assert (
        underpowered(at_least(0.9), rate(0, fewest - 1), 0.95)
        == f"{fewest - 1} rows, too few even at a value of 1"
    )


def test_an_upper_limit_is_asked_at_none() -> None:
    fewest = needs_for_all_right(0.9)
    rule = Rule(metric="c.rate", at_most=1 - 0.9)
    assert underpowered(rule, rate(fewest, fewest), 0.95) is None
    assert "at a value of 0" in str(underpowered(rule, rate(fewest - 1, fewest - 1), 0.95))


def test_two_limits_are_asked_at_their_middle() -> None:
    rule = Rule(metric="c.rate", at_least=0.4, at_most=0.6)
    assert "at a value of 0.5" in str(underpowered(rule, rate(9, 90), 0.95))
    assert underpowered(rule, rate(15, 150), 0.95) is None


def test_a_comparison_is_asked_of_groups_alike_at_the_rate_of_both() -> None:
    rule = Rule(metric="c.rate", within=0.1)
    assert underpowered(rule, gap((0, 800), (800, 800)), 0.95) is None
    assert (
        underpowered(rule, gap((0, 160), (40, 160)), 0.95) == "40 rows, too few even with equal rates of 0.8"
    )
    ratio = Rule(metric="c.rate", at_least=0.8, at_most=1.25)
    assert "40 rows" in str(underpowered(ratio, gap((20, 400), (40, 800), "mover-ratio"), 0.95))
    assert underpowered(ratio, gap((20, 400), (800, 800), "mover-ratio"), 0.95) is None


def test_odds_are_asked_of_both_rates() -> None:
    counts = {
        f"{side}_{what}": [events, 30.0]
        for side in ("unprivileged", "privileged")
        for what, events in (("true_positive", 24.0), ("false_positive", 6.0))
    }
    few = replace(gap((1, 1), (30, 30), "equalized-odds-difference"), counts=counts)
    assert (
        underpowered(Rule(metric="c.rate", at_most=0.1), few, 0.95)
        == "30 rows, too few even with equal rates of 0.2 and 0.8"
    )
    many = replace(
        few, counts={name: [k * 200, n * 200] for name, (k, n) in counts.items()}, n=24_000, smallest_n=6000
    )
    assert underpowered(Rule(metric="c.rate", at_most=0.1), many, 0.95) is None


def test_a_ranking_is_asked_at_a_perfect_one() -> None:
    counts = {"favorable": [5.0], "unfavorable": [200.0]}
    auc = Measurement(metric="c.rate", value=0.6, n=205, method="delong", counts=counts, se=0.2)
    assert "205 rows, too few even at a value of 1" in str(underpowered(at_least(0.9), auc, 0.95))
    assert (
        underpowered(at_least(0.6), replace(auc, counts={"favorable": [50.0], "unfavorable": [200.0]}), 0.95)
        is None
    )


def test_a_calibration_is_asked_of_scores_that_are_right() -> None:
    bins = {f"bin_{b}": [0.0, 20.0, 20 * (b + 0.5) / 10] for b in range(9)} | {"bin_9": [0.0, 0.0, 0.0]}
    error = Measurement(metric="c.rate", value=0.5, n=180, method="calibration-bins", counts=bins)
    rule = Rule(metric="c.rate", at_most=0.05)
    assert "at a value of 0" in str(underpowered(rule, error, 0.95))
    more = {name: [0.0, 100_000.0, scores * 5000] for name, (_, _, scores) in bins.items()}
    assert underpowered(rule, replace(error, counts=more, n=1_000_000), 0.95) is None


@pytest.mark.parametrize(
    "measured",
    [exact(0.1), bare(0.1), plugged(0.1, (0.0, 0.9)), gap((0, 0), (0, 40)), rate(1, 4)],
)
def test_nothing_is_told_where_nothing_is_known(measured: Measurement) -> None:
    """Values without counts, a group without rows; and of four rows, of a rule that any interval meets."""
    assert underpowered(at_least(0.0), measured, 0.95) is None


def test_a_limit_that_the_best_value_breaks_is_not_a_matter_of_rows() -> None:
    assert underpowered(Rule(metric="c.rate", at_least=0.2), gap((1, 9), (10, 10)), 0.95) is None
    paired = Rule(metric="c.rate", no_worse_than_baseline_by=0.01)
    assert underpowered(paired, rate(1, 4), 0.95) is None


def test_nothing_is_said_of_a_rule_that_holds() -> None:
    """Groups alike would need more rows than these; groups as far apart as these do not."""
    rule = Rule(metric="c.rate", at_most=0.45)
    few = needs_for_all_right(0.55) - 1
    assert underpowered(rule, rate(few, few), 0.95)
    both = Rule(metric="c.rate", at_least=0.8, at_most=4.0)
    near = gap((20, 20), (40, 40), "mover-ratio")
    far = replace(gap((38, 22), (40, 40), "mover-ratio"), value=38 / 22)
    assert underpowered(both, near, 0.95) and underpowered(both, far, 0.95) is None


@pytest.mark.parametrize("method", ["mover-difference", "mover-ratio"])
def test_of_one_limit_on_a_comparison_nobody_knows_the_best_value(method: str) -> None:
    few = gap((4, 4), (10, 10), method)
    at = 1.0 if method == "mover-ratio" else 0.0
    assert underpowered(Rule(metric="c.rate", at_least=at - 0.1, at_most=at + 0.1), few, 0.95)
    assert underpowered(at_least(at - 0.1), few, 0.95) is None
    assert underpowered(Rule(metric="c.rate", at_most=at + 0.1), few, 0.95) is None


def test_no_rows_would_do_where_the_best_value_lies_on_the_limit() -> None:
    for limit, never in ((1.0, True), (0.999, False)):
        assert never_attainable(at_least(limit), rate(200, 200), 0.95) is never
        assert (underpowered(at_least(limit), rate(200, 200), 0.95) is None) is never
    auc = Measurement(
        metric="c.rate", value=1.0, n=9, method="delong", counts={"favorable": [5.0], "unfavorable": [4.0]}
    )
    assert never_attainable(at_least(1.0), auc, 0.95) and not never_attainable(at_least(0.9), auc, 0.95)
    assert not never_attainable(at_least(0.0), rate(1, 1), 0.95)  # which holds
    assert not never_attainable(at_least(1.0), exact(1.0), 0.95)


def test_rows_that_count_for_fewer_are_told_as_such() -> None:
    clustered = replace(rate(200, 200), counts={"rate": [1.0, 1.0]})
    said = underpowered(at_least(0.9), clustered, 0.95)
    assert said == (
        "200 rows, which count as about 1 because of weights or clusters, too few even at a value of 1"
    )


def test_a_ranking_whose_ideal_is_chance_is_asked_there() -> None:
    auc = Measurement(
        metric="c.rate", value=0.6, n=40, method="delong", counts={"favorable": [20], "unfavorable": [20]}
    )
    rule = Rule(metric="c.rate", at_most=0.55)
    assert "at a value of 0.5" in str(underpowered(rule, auc, 0.95, ideal=0.5))
    assert underpowered(rule, auc, 0.95) is None  # as if an AUC of 0 were to be had
    assert not never_attainable(
        at_least(0.5), auc, 0.95, ideal=0.5
    )  # on the limit, it is not what is asked for
