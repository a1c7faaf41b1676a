"""Rules as sentences: the rates behind a comparison, the interval and the limit, whatever the names hold."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.formats.rule_claim import RuleClaim, limit_range, rule_title, statement
from audit.formats.rule_claim import claim as claim_of
from audit.formats.rule_text import ranked
from audit.result import AUDITS, MAX_AUDITS, Baseline, Measurement, RuleResult, Scalar

SEX: dict[str, Scalar] = {"attribute": "sex", "unprivileged": "Female", "privileged": "Male"}
COUNTS = {"unprivileged": [43.0, 542.0], "privileged": [281.0, 1086.0]}
IMPACT = "fairness.disparate_impact"


def compared(metric: str = IMPACT, value: float = 0.3066, **details: Any) -> Measurement:
    given = {
        "n": 1628,
        "smallest_n": 542,
        "method": "mover-ratio",
        "where": SEX,
        "ci": (0.28, 0.34),
        "counts": COUNTS,
    }
    return Measurement(metric=metric, value=value, **{**given, **details})


def rule(*measurements: Measurement, **details: Any) -> RuleResult:
    given: dict[str, Any] = {
        "id": "r", "metric": IMPACT, "where": {"attribute": "sex"}, "limit": {"at_least": 0.8, "at_most": 1.25},
        "status": "fail", "reason": "why", "measurements": list(measurements),
    }  # fmt: skip
    return RuleResult(**{**given, **details})


def claim(given: RuleResult, confidence: str) -> RuleClaim:
    return claim_of(given, ranked(given), confidence)


def test_a_ratio_of_selection_rates_is_said_with_both_rates() -> None:
    said, evidence = claim(rule(compared()), "95 %")
    assert said == "Female (sex) are selected 0.307 times as often as Male: 7.9\u00a0% against 25.9\u00a0%"
    assert (
        evidence
        == "ratio 0.307, 95 % interval 0.280 to 0.340, 542 rows; limit 0.8 to 1.25 (four-fifths rule)"
    )


@pytest.mark.parametrize("value", [0.0, inf, nan])
def test_a_ratio_that_no_sentence_can_hold_leaves_the_rates(value: float) -> None:
    said = statement(compared(value=value, ci=None))
    assert said == "7.9\u00a0% of Female (sex) are selected, against 25.9\u00a0% of Male"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("equal_opportunity_difference", "Of those with the favourable label, 7.9"),
        ("false_positive_rate_ratio", "Of those with the unfavourable label, 7.9"),
        ("false_omission_rate_difference", "have the favourable label"),
        ("error_rate_ratio", "Decisions are wrong for"),
    ],
)
def test_every_comparison_names_its_rate(name: str, said: str) -> None:
    sentence, evidence = claim(rule(compared(f"fairness.{name}", -0.12)), "95 %")
    assert said in sentence and "7.9" in sentence and "25.9" in sentence
    assert evidence.startswith("difference −0.120" if name.endswith("difference") else "ratio −0.120")


def test_small_groups_that_are_decided_together_are_named() -> None:
    pool = {**SEX, "unprivileged": "(others)"}
    two = statement(compared(where=pool, members=["A", "B"]))
    many = statement(compared(where=pool, members=list("ABCDEF")))
    assert two.startswith("A and B together (sex) are") and many.startswith(
        "6 small groups together (sex) are"
    )


def test_pooled_groups_are_named_in_any_metric() -> None:
    pool = {**SEX, "unprivileged": "(others)"}
    odds = compared("fairness.average_odds_difference", -0.2, where=pool, members=["A", "B"])
    assert statement(odds) == "Average odds difference (sex: A and B together against Male) is −0.200"
    group: dict[str, Scalar] = {"attribute": "sex", "group": "(others)"}
    accuracy = compared("performance.accuracy", 0.5, where=group, members=["A", "B"])
    assert statement(accuracy) == "Accuracy (sex: A and B together) is 0.500"


def test_the_measurement_furthest_outside_is_told_and_how_many_more_there_are() -> None:
    near = compared(value=0.7, ci=(0.65, 0.75), where={**SEX, "unprivileged": "X"})
    said, evidence = claim(rule(near, compared(), compared(value=1.0, ci=(0.9, 1.1))), "95 %")
    assert said.startswith("Female") and evidence.endswith("also outside: X (sex) 0.700 (0.650 to 0.750)")
    more = [compared(value=0.6, ci=(0.5, 0.7), where={**SEX, "unprivileged": f"Y{i}"}) for i in range(3)]
    assert claim(rule(near, compared(), *more), "95 %").evidence.endswith(
        "Y1 (sex) 0.600 (0.500 to 0.700) and 2 more"
    )


def test_other_metrics_are_said_with_their_titles() -> None:
    accuracy = Measurement(metric="performance.accuracy", value=0.7, n=90, method="m", ci=(0.6, 0.8))
    said, evidence = claim(
        rule(accuracy, metric="performance.accuracy", where={}, limit={"at_least": 0.8}), "90 %"
    )
    assert (
        said == "Accuracy is 0.700"
        and evidence == "90 % interval 0.600 to 0.800, 90 rows; the interval crosses the limit, at least 0.8"
    )
    own = Measurement(metric="mine.odd_rows", value=3, n=9, method="exact", where={"attack": "worst"})
    assert statement(own) == "Odd rows (attack worst) is 3"
    beside = Baseline(value=0.75, method="m", better="higher")
    assert statement(
        Measurement(metric="performance.auc", value=0.7, n=9, method="m", baseline=beside)
    ).endswith("against 0.750 of the baseline")


def test_a_rule_on_the_improvement_says_how_sure_the_improvement_is() -> None:
    beside = Baseline(
        value=0.25, method="m", better="ideal", ideal=1.0, improvement=0.06, improvement_ci=(-0.02, 0.14)
    )
    impact = compared(baseline=beside)
    evidence = claim(rule(impact, limit={"no_worse_than_baseline_by": 0.01}), "95 %").evidence
    assert evidence == (
        "ratio 0.307, 95 % interval 0.280 to 0.340, 542 rows; improvement over the baseline (0.250): "
        "0.060 (−0.020 to 0.140); the interval crosses the limit, no worse than the baseline by more than 0.01"
    )
    assert "improvement" not in claim(rule(impact), "95 %").evidence


def test_a_rule_without_measurements_says_so() -> None:
    assert claim(rule(), "95 %").statement == "Disparate impact by sex was not measured"
    audits = rule(id=MAX_AUDITS, metric=AUDITS, where={}, limit={"at_most": 5}, reason="7 audits of 5")
    assert claim(audits, "95 %") == ("7 audits of 5", "")


def test_titles_say_what_a_rule_covers() -> None:
    assert rule_title(rule()) == "Disparate impact by sex"
    assert rule_title(rule(where={})) == "Disparate impact"
    worst = rule(metric="robustness.adversarial_accuracy", where={"attack": "worst", "eps": 0.1})
    assert rule_title(worst) == "Accuracy under attack: attack worst, eps 0.1"


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ({"within": 0.1}, "−0.1 to 0.1"), ({"at_least": 0.8}, "at least 0.8"), ({"at_most": 2}, "at most 2"),
        ({"no_worse_than_baseline_by": 0.01}, "no worse than the baseline by more than 0.01"),
    ],
)  # fmt: skip
def test_limits_are_brief(limit: dict[str, float], said: str) -> None:
    assert limit_range(limit) == said


@given(st.text(max_size=80), st.text(max_size=80))
def test_names_cannot_fill_in_anything_or_break_the_line(group: str, attribute: str) -> None:
    where = {**SEX, "unprivileged": "{p}{0}" + group, "attribute": attribute}
    said = statement(compared(where=where))
    assert "\n" not in said and "Male" in said
    assert group.isspace() or not group or "{p}{0}" in said
