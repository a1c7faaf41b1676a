"""Rules that no model could satisfy, or that nothing is measured for, are refused with the policy."""

from __future__ import annotations

from typing import Any

import pytest

from audit.check import policy_from
from audit.errors import AuditError
from audit.policy.model import ResolvedPolicy
from audit.result import GROUP_KEYS


def resolved(rule: dict[str, Any]) -> ResolvedPolicy:
    data = {
        "path": "d.csv",
        "label": "y",
        "protected": {"sex": {"privileged": "Male"}, "race": {"privileged": "White"}},
        "intersections": [["sex", "race"]],
    }
    return policy_from({"version": 1, "model": {"path": "m"}, "data": data, "gate": {"rules": [rule]}})


def refused(rule: dict[str, Any]) -> AuditError:
    with pytest.raises(AuditError) as error:
        resolved(rule)
    return error.value


@pytest.mark.parametrize(
    ("metric", "limit", "expected"),
    [
        ("performance.auc", {"at_least": 60}, "between 0 and 1"),
        ("performance.auc", {"at_least": 1.0001}, "between 0 and 1"),
        ("performance.accuracy", {"at_most": -0.1}, "between 0 and 1"),
        ("performance.mae", {"at_most": -1}, "at least 0"),
        ("performance.r2", {"at_least": 2}, "at most 1"),
        ("fairness.statistical_parity_difference", {"at_least": 2}, "between -1 and 1"),
        ("fairness.statistical_parity_difference", {"at_most": -1.5}, "between -1 and 1"),
        ("fairness.disparate_impact", {"at_most": -0.5}, "at least 0"),
        ("robustness.adversarial_accuracy", {"at_least": 50}, "between 0 and 1"),
        ("performance.auc", {"better_than_baseline_by": 1.5}, "between 0 and 1"),
        ("fairness.statistical_parity_difference", {"better_than_baseline_by": 1.1}, "between -1 and 1"),
        ("performance.accuracy", {"at_least": 0.5, "better_than_baseline_by": 2}, "between 0 and 1"),
    ],
)
def test_a_limit_that_no_value_meets(metric: str, limit: dict[str, float], expected: str) -> None:
    error = refused({"metric": metric, **limit})
    name, value = list(limit.items())[-1]
    assert (error.where, error.found) == (f"gate.rules: {metric}", f"{name}: {value:g}")
    assert error.expected.endswith(expected)


def test_a_percentage_is_read_back_as_a_share() -> None:
    assert refused({"metric": "performance.auc", "at_least": 60}).fix == "write 60 % as 0.6"


@pytest.mark.parametrize(
    ("metric", "limit"),
    [
        ("performance.auc", {"at_least": 1}),
        ("performance.accuracy", {"at_most": 0}),
        ("performance.mae", {"at_most": 1e6}),
        ("performance.r2", {"at_least": 1, "at_most": 1}),
        ("fairness.statistical_parity_difference", {"at_least": -5, "at_most": 1}),
        ("fairness.disparate_impact", {"at_least": 80}),  # a ratio has no upper end
        ("fairness.statistical_parity_difference", {"better_than_baseline_by": 1}),
        ("performance.auc", {"better_than_baseline_by": 1}),
    ],
)
def test_a_limit_that_the_end_of_the_range_meets(metric: str, limit: dict[str, float]) -> None:
    assert resolved({"metric": metric, **limit}).rules[0].limit == limit


@pytest.mark.parametrize(
    ("attribute", "guess"),
    [
        ("gender", ""),
        ("Sex", " (did you mean 'sex'?)"),
        ("race*sex", ""),
        ("sex*rac", " (did you mean 'sex*race'?)"),
        ("y", ""),
    ],
)
@pytest.mark.parametrize("metric", ["fairness.disparate_impact", "performance.accuracy"])
def test_an_attribute_that_nothing_is_measured_by(metric: str, attribute: str, guess: str) -> None:
    error = refused({"metric": metric, "where": {"attribute": attribute}, "at_least": 0.5})
    assert error.where == f"gate.rules: {metric}: where.attribute"
    assert error.found.startswith(repr(attribute)) and error.found.endswith(guess)
    assert "'sex', 'race', 'sex*race'" in error.expected


@pytest.mark.parametrize("attribute", ["sex", "race", "sex*race", "*"])
def test_what_is_measured_by_groups_may_be_named(attribute: str) -> None:
    rule = {"metric": "performance.accuracy", "where": {"attribute": attribute}, "at_least": 0.5}
    assert resolved(rule).rules[0].where.keys() <= GROUP_KEYS
