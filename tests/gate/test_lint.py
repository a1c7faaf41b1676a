"""What is said of rules that no value can break, or that are on nothing that was measured."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from audit.checks.explainability import Explainability
from audit.checks.performance.definitions import DEFINITIONS
from audit.gate.lint import beyond_ideal, warnings_of
from audit.gate.vacuity import vacuous
from audit.policy.gate_spec import GateSpec, Rule
from audit.policy.resolution import with_ids
from audit.result import CheckResult, Measurement, MetricFacts, Scalar

SHARE = MetricFacts(about="", low=0.0, high=1.0, better="higher")
GAP = MetricFacts(about="", low=-1.0, high=1.0, ideal=0.0, better="ideal")
RATIO = MetricFacts(about="", low=0.0, ideal=1.0, better="ideal")
CHANCE = MetricFacts(about="", low=0.5, high=1.0, ideal=0.5)
R2 = MetricFacts(about="", high=1.0, ideal=1.0, better="higher")


@pytest.mark.parametrize(
    ("facts", "limit", "said"),
    [
        (SHARE, {"at_least": 0.0}, True),
        (SHARE, {"at_least": -0.1}, True),
        (SHARE, {"at_least": 0.001}, False),
        (SHARE, {"at_most": 1.0}, True),
        (SHARE, {"at_most": 0.999}, False),
        (SHARE, {"within": 1.0}, True),
        (SHARE, {"within": 0.999}, False),
        (SHARE, {"no_worse_than_baseline_by": 1.0}, True),
        (SHARE, {"no_worse_than_baseline_by": 0.999}, False),
        (SHARE, {"better_than_baseline_by": 0.0}, False),
        (GAP, {"within": 1.0}, True),
        (GAP, {"within": 0.99}, False),
        (GAP, {"at_least": -1.0}, True),
        (GAP, {"no_worse_than_baseline_by": 1.0}, True),  # from equal groups to the furthest apart
        (GAP, {"no_worse_than_baseline_by": 0.99}, False),
        (RATIO, {"at_least": 0.0}, True),
        (RATIO, {"at_most": 1000.0}, False),
        (RATIO, {"no_worse_than_baseline_by": 1000.0}, False),
        (R2, {"at_least": -1000.0}, False),
        (R2, {"at_most": 1.0}, True),
    ],
)
def test_limits_that_no_value_breaks(facts: MetricFacts, limit: dict[str, float], said: bool) -> None:
    assert bool(list(vacuous(Rule(metric="c.m", **limit), facts))) is said  # type: ignore[arg-type]  # by name


def test_of_two_limits_the_one_that_is_none_is_named() -> None:
    (words,) = vacuous(Rule(metric="c.m", at_least=0.0, at_most=0.9), SHARE)
    assert (
        words
        == "no value can be outside 'at_least: 0', because the metric is always between 0 and 1: choose a stricter "
        "limit"
    )
    (words,) = vacuous(Rule(metric="c.m", at_most=1.0), R2)
    assert words.endswith("because the metric is never above 1: choose a stricter limit")
    (words,) = vacuous(Rule(metric="c.m", at_least=0.0), RATIO)
    assert words.endswith("because the metric is never below 0: choose a stricter limit")


def share(k: int, n: int, **where: Scalar) -> Measurement:
    return Measurement(
        metric="c.m", value=k / n, n=n, method="clopper-pearson", counts={"rate": [k, n]}, where=dict(where)
    )


def said(rule: Rule, *found: Measurement, min_rows: int = 0, status: str = "measured") -> list[str]:
    result = CheckResult(name="c", status=status, measurements=list(found))  # type: ignore[arg-type]  # a status
    gate = GateSpec(min_rows=min_rows, rules=with_ids([rule]))
    return warnings_of(gate, {"c.m": SHARE}, [result])


MEASURED = [
    share(90, 100),
    share(50, 60, attribute="sex", group="Female"),
    share(40, 40, attribute="sex", group="Male"),
    share(70, 100, attack="fgsm", eps=0.1),
    share(60, 100, attack="pgd", eps=0.2),
]


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ({"attribute": "sexx"}, "no attribute 'sexx' was measured (did you mean 'sex'?), but 'sex'"),
        (
            {"attribute": "sex", "group": "Females"},
            "no group 'Females' was measured (did you mean 'Female'?)",
        ),
        ({"attack": "fgms", "eps": 0.1}, "no attack 'fgms' was measured (did you mean 'fgsm'?)"),
        ({"attack": "pgd", "eps": 0.3}, "no eps 0.3 was measured, but 0.1, 0.2"),
        (
            {"feature": "age"},
            "c.m is not measured by 'feature', but by 'attack', 'attribute', 'eps', 'group'",
        ),
        (
            {"attack": "pgd", "eps": 0.1},
            "no measurement matches all of its keys at once, though each one is measured",
        ),
    ],
)
def test_a_where_that_covers_nothing_names_what_was_measured(where: dict[str, Scalar], words: str) -> None:
    (warning,) = said(Rule(metric="c.m", where=where, at_least=0.1), *MEASURED)
    assert "'where' covers nothing" in warning and words in warning


@pytest.mark.parametrize("where", [{}, {"attribute": "*"}, {"attack": "pgd"}, {"eps": "0.1"}])
def test_nothing_is_said_of_a_where_that_covers_something(where: dict[str, Scalar]) -> None:
    assert said(Rule(metric="c.m", where=where, at_least=0.1), *MEASURED) == []


def test_a_check_that_measured_nothing_is_no_fault_of_the_where() -> None:
    assert said(Rule(metric="c.m", where={"attack": "x"}, at_least=0.1), status="skipped") == []


def test_groups_that_are_too_small_for_a_rule_are_named_once_with_their_rows() -> None:
    rule = Rule(metric="c.m", where={"attribute": "*"}, at_least=0.95)
    (warning,) = said(rule, *MEASURED)
    assert warning == (
        "c.m[attribute=*]: too few rows for the rule to pass: Female (60 rows, too few even at a value of 1); "
        "Male (40 rows, too few even at a value of 1). Audit more rows"
    )
    alone = warning.partition("; ")[0] + ". Audit more rows"
    assert said(rule, *MEASURED, min_rows=60) == [alone]  # Male is left out by the policy
    assert said(rule, share(500, 500, attribute="sex", group="Female")) == []


@pytest.mark.parametrize(
    ("facts", "limit", "words"),
    [
        (RATIO, {"within": 0.2}, ["the ideal value, 1, is outside 'within: 0.2'"]),
        (RATIO, {"at_most": 0.8}, ["the ideal value, 1, is outside 'at_most: 0.8'"]),
        (RATIO, {"at_least": 0.8, "at_most": 1.0}, []),
        (RATIO, {"no_worse_than_baseline_by": 0.1}, []),
        (
            GAP,
            {"at_least": 0.05, "at_most": 0.1},
            ["the ideal value, 0, is outside 'at_least: 0.05' and 'at_most: 0.1'"],
        ),
        (CHANCE, {"at_least": 0.6}, ["the ideal value, 0.5, is outside 'at_least: 0.6'"]),
        (R2, {"at_most": 0.9}, []),  # more would not be believed
        (SHARE, {"at_most": 0.9}, []),
        (None, {"at_most": 0.9}, []),
    ],
)  # fmt: skip
def test_limits_that_the_ideal_value_breaks(
    facts: MetricFacts | None, limit: dict[str, float], words: list[str]
) -> None:
    assert list(beyond_ideal(Rule(metric="c.m", **limit), facts)) == words  # type: ignore[arg-type]  # by name


def test_a_where_of_a_feature_of_attributes_is_told_to_name_them() -> None:
    strength = share(70, 100, attribute="sex", feature="code")
    (warning,) = said(Rule(metric="c.m", where={"feature": "code"}, at_least=0.1), strength)
    assert warning.endswith("c.m is measured by group here, so add attribute: '*'")
    assert said(Rule(metric="c.m", where={"feature": "code", "attribute": "*"}, at_least=0.1), strength) == []


def test_a_rule_that_no_number_of_rows_lets_pass() -> None:
    (warning,) = said(Rule(metric="c.m", at_least=1.0), share(200, 200))
    assert (
        warning
        == "c.m: the rule cannot pass with any number of rows: even the best value equals the limit, so widen the limit"
    )


def test_of_an_attribute_without_columns_a_share_of_0_is_no_news() -> None:
    metric = "explainability.protected_share"
    facts = Explainability.metrics["protected_share"]

    def told(value: float, method: str, **limit: float) -> list[str]:
        one = Measurement(metric=metric, value=value, n=60, method=method, where={"attribute": "sex"})
        result = CheckResult(name="explainability", status="measured", measurements=[one])
        gate = GateSpec(rules=with_ids([Rule(metric=metric, **limit)]))  # type: ignore[arg-type]  # by name
        return warnings_of(gate, {metric: facts}, [result])

    (warning,) = told(0.0, "exact", at_most=0.2)
    assert warning == (
        "explainability.protected_share: 'sex': the model reads no column of this attribute, so the rule cannot fail "
        "on it; explainability.proxy_auc measures what other columns reveal of it"
    )
    assert told(0.0, "mean-t", at_most=0.2) == []  # of a column that is read, and moves nothing
    assert told(0.0, "exact", at_least=0.2) == []  # which breaks
    facts = MetricFacts(about="of a check that says nothing of it")
    assert told(0.0, "exact", at_most=0.2) == []


def test_no_log_loss_exceeds_that_of_the_least_probability() -> None:
    facts = DEFINITIONS["log_loss"]
    assert facts.high == pytest.approx(15 * math.log(10))
    assert list(vacuous(Rule(metric="performance.log_loss", at_most=35.0), facts))
    assert not list(vacuous(Rule(metric="performance.log_loss", at_most=34.0), facts))


def test_what_rules_leave_out_is_said_with_the_other_warnings() -> None:
    """One comparison of each kind: beyond the other limit, of the improvement only, pooled, and without a rule."""

    def compare(metric: str, k: float, group: str, **more: Any) -> Measurement:
        counts = {"unprivileged": [k, 100.0], "privileged": [50.0, 100.0]}
        where: dict[str, Scalar] = {"attribute": "sex", "unprivileged": group, "privileged": "P"}
        ratio = k / 50.0
        return Measurement(
            metric=metric, value=ratio, n=200, smallest_n=100, method="mover-ratio", counts=counts, where=where,
            ci=(ratio * 0.95, ratio * 1.05), **more,
        )  # fmt: skip

    groups = [compare("c.m", k, f"g{k}") for k in (100, 95, 5, 5)]
    pool = compare("c.m", 51, "(others)", members=["g100", "g95", "g5"])
    result = CheckResult(
        name="c",
        status="measured",
        measurements=[*groups[:3], replace(pool, n=900, smallest_n=300), compare("c.o", 100, "a")],
    )
    rules = [
        Rule(metric="c.m", where={"attribute": "sex"}, at_least=0.05),
        Rule(metric="c.o", where={"attribute": "sex", "unprivileged": "a"}, at_most=1.25, at_least=0.2),
        Rule(metric="c.o", where={"attribute": "sex", "unprivileged": "a"}, at_least=0.8),
    ]

    def joined_warnings(*chosen: Rule) -> str:
        gate = GateSpec(min_rows=150, rules=with_ids(chosen))
        return "\n".join(warnings_of(gate, {"c.m": RATIO, "c.o": RATIO}, [result], ["sex", "race"]))

    pooled = joined_warnings(rules[0])
    assert "the rates of the 3 groups differ by more than chance" in pooled
    assert "no rule compares 'a' with the privileged groups" in pooled
    assert "data.protected names 'race', but no rule limits a fairness metric of it" in pooled
    assert "the rule limits one direction only" in joined_warnings(rules[2])
    assert "the rule limits one direction only" not in joined_warnings(*rules[1:])
    relative = Rule(metric="c.o", where={"attribute": "sex"}, no_worse_than_baseline_by=0.1)
    assert "limits of the default rules: a (sex) 2 on 100 rows" in joined_warnings(relative)


@pytest.mark.parametrize(
    ("where", "said"), [({}, True), ({"attribute": "*"}, True), ({"attribute": "sex"}, False)]
)
def test_a_rule_on_all_attributes_names_those_that_were_not_measured(
    where: dict[str, Scalar], said: bool
) -> None:
    """As a flip rate of two attributes, of which the model reads the column of one."""
    of_sex = Measurement(metric="c.m", value=0.0, n=900, method="exact", where={"attribute": "sex"})
    checks = [CheckResult(name="c", status="measured", measurements=[of_sex])]
    gate = GateSpec(rules=with_ids([Rule(metric="c.m", where=where, at_most=0.1)]))
    texts = [text for text in warnings_of(gate, {"c.m": SHARE}, checks, ["sex", "race"]) if "race" in text]
    assert any("c.m was not measured for 'race'" in text for text in texts) is said
    assert not any("was not measured" in text for text in warnings_of(gate, {"c.m": SHARE}, checks, ["sex"]))


def test_a_pool_outside_is_counted_by_its_groups() -> None:
    """Pooled groups and their pool are the same rows; a pool outside of groups that are not is counted itself."""
    where: dict[str, Scalar] = {"attribute": "sex*age"}
    one, two = (
        replace(share(5, 100, **where, group=f"Female*{age}"), ci=(0.0, 0.1)) for age in ("<25", "60")
    )
    near = replace(two, value=0.8, ci=(0.4, 1.0))
    pool = replace(one, where={**where, "group": "(others)"}, members=["Female*<25", "Female*60"])
    rule = Rule(metric="c.m", where={"attribute": "sex"}, at_least=0.5)

    def text(*outside: Measurement) -> str:
        result = CheckResult(
            name="c", status="measured", measurements=[share(90, 100, attribute="sex", group="Male")]
        )
        results = [replace(result, unasked=list(outside))]
        texts = warnings_of(GateSpec(rules=with_ids([rule])), {"c.m": SHARE}, results, ["sex", "age"])
        return next(each for each in texts if "intersection" in each)

    assert "2 groups of intersections" in text(one, two, pool) and "together" not in text(one, two, pool)
    assert "1 group of an intersection" in text(pool, near) and "Female × 60 together" in text(pool, near)


def test_only_intersections_that_the_policy_does_not_name_are_to_be_named() -> None:
    by_age, by_race = (
        replace(share(5, 100, attribute=f"sex*{other}", group=f"Female*{group}"), ci=(0.0, 0.1))
        for other, group in (("age", "<25"), ("race", "Black"))
    )
    rule = Rule(metric="c.m", where={"attribute": "sex"}, at_least=0.5)
    of_sex = share(90, 100, attribute="sex", group="Male")

    def text(measured: list[Measurement], unasked: list[Measurement]) -> str:
        result = CheckResult(name="c", status="measured", measurements=[of_sex, *measured])
        results = [replace(result, unasked=unasked)]
        texts = warnings_of(GateSpec(rules=with_ids([rule])), {"c.m": SHARE}, results, ["sex", "age", "race"])
        return next(each for each in texts if "intersection" in each).partition("To decide on them, ")[2]

    both = "add a rule on 'sex*age' and on 'sex*race'"
    assert text([by_race], [by_age]) == f"{both}, and name 'sex*age' in data.intersections"
    assert text([], [by_age, by_race]) == f"{both}, and name 'sex*age' and 'sex*race' in data.intersections"
    assert text([by_race], []) == "add a rule on 'sex*race'"
