"""Protected attributes, and groups of them, that no rule compares: a warning each."""

from __future__ import annotations

from typing import Any

import pytest

from audit.gate.uncovered_groups import uncovered_groups
from audit.policy.gate_spec import Rule
from audit.result import Measurement, Scalar

from .builders import rate

IMPACT = "fairness.disparate_impact"


def compared(attribute: str, group: str, metric: str = IMPACT) -> Measurement:
    return rate(1, 2, metric, attribute=attribute, unprivileged=group, privileged="P")


MEASURED = [
    compared("sex", "Female"),
    compared("sex", "X"),
    compared("race", "Black"),
    rate(1, 2, "performance.accuracy", attribute="race", group="Black"),
    rate(1, 2, "fairness.theil_index"),
]
SEX = "data.protected names 'sex', but no rule limits a fairness metric of it: add one with where: {attribute: sex}"
RACE = SEX.replace("sex", "race")
ONLY_X = (
    "sex: no rule compares 'Female' with the privileged groups: add one that does, or leave 'unprivileged' out of "
    "'where'"
)


@pytest.mark.parametrize(
    ("wheres", "warnings"),
    [
        ([], [SEX, RACE]),
        ([{}], []),  # without an attribute it covers all of them
        ([{"attribute": "*"}], []),
        ([{"attribute": "sex"}], [RACE]),
        ([{"attribute": "sex", "unprivileged": "X"}], [ONLY_X, RACE]),
        ([{"attribute": "sex", "unprivileged": "X"}, {"attribute": "sex", "unprivileged": "Female"}], [RACE]),
        ([{"attribute": "sex", "unprivileged": "nobody"}, {"attribute": "race"}], [SEX]),
    ],
)
def test_what_no_rule_compares_is_named(wheres: list[dict[str, Scalar]], warnings: list[str]) -> None:
    rules = [Rule(metric=IMPACT, where=where, at_least=0.8) for where in wheres]
    assert list(uncovered_groups(rules, ["sex", "race"], [], MEASURED)) == warnings


@pytest.mark.parametrize(
    "rule",
    [
        {"metric": "performance.accuracy", "where": {"attribute": "race"}},
        {"metric": "fairness.theil_index"},
        {"metric": "explainability.protected_share"},
    ],
)
def test_rules_that_compare_no_groups_do_not_count(rule: dict[str, Any]) -> None:
    assert list(uncovered_groups([Rule(**rule, at_least=0.1)], ["race"], [], MEASURED)) == [RACE]


def test_a_rule_that_was_not_measured_counts_by_its_words() -> None:
    """As where the check did not run: the rule is undecided, which the report says."""
    rule = Rule(metric=IMPACT, where={"attribute": "sex"}, no_worse_than_baseline_by=0.1)
    assert list(uncovered_groups([rule], ["sex", "race"], [], [])) == [RACE]


def test_an_intersection_that_the_policy_names_is_named_as_one() -> None:
    measured = [compared("sex", "Female"), compared("sex*race", "Female*Black")]
    rule = Rule(metric=IMPACT, where={"attribute": "sex"}, at_least=0.8)
    unlimited = (
        "data.intersections names 'sex*race', but no rule limits a fairness metric of it: add one with "
        "where: {attribute: 'sex*race'}"
    )
    assert list(uncovered_groups([rule], ["sex"], ["sex*race"], measured)) == [unlimited]
    both = [rule, Rule(metric=IMPACT, where={"attribute": "sex*race"}, at_least=0.8)]
    assert list(uncovered_groups(both, ["sex"], ["sex*race"], measured)) == []


def test_groups_of_a_pool_that_is_compared_are_compared() -> None:
    pool = Measurement(
        metric=IMPACT, value=1, n=9, method="none", members=["a", "b"],
        where={"attribute": "sex", "unprivileged": "(others)", "privileged": "P"},
    )  # fmt: skip
    rule = Rule(metric=IMPACT, where={"attribute": "sex", "unprivileged": "(others)"}, at_least=0.8)
    measured = [compared("sex", "a"), compared("sex", "b"), pool]
    assert list(uncovered_groups([rule], ["sex"], [], measured)) == []
