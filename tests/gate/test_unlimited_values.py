"""Values far from the ideal in the direction that a rule does not limit, or whose improvement alone it limits."""

from __future__ import annotations

import math
from typing import Any

import pytest

from audit.gate.unlimited_values import in_other_direction, of_improvements
from audit.policy.gate_spec import Rule
from audit.result import Measurement, MetricFacts

from .builders import plugged

GAP = MetricFacts(about="", low=-1.0, high=1.0, ideal=0.0, better="ideal")
RATIO = MetricFacts(about="", low=0.0, ideal=1.0, better="ideal")
ODDS = MetricFacts(about="", low=0.0, high=1.0, ideal=0.0, better="ideal")


def women(value: float, span: tuple[float, float], metric: str = "c.m") -> Measurement:
    return plugged(value, span, metric, attribute="sex", unprivileged="Female", privileged="Male")


def rule_of(metric: str = "c.m", **limits: float) -> Rule:
    return Rule(metric=metric, where={"attribute": "sex"}, **limits)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("facts", "limits", "span", "warned"),
    [
        (RATIO, {"at_least": 0.8}, (2.9, 3.5), True),
        (RATIO, {"at_least": 0.8}, (1.26, 3.5), True),
        (RATIO, {"at_least": 0.8}, (1.24, 3.5), False),  # may lie within 1 / 0.8 = 1.25
        (RATIO, {"at_least": 0.8}, (1.3, math.inf), True),
        (RATIO, {"at_least": 0.8}, (0.1, 0.2), False),  # breaks the rule
        (RATIO, {"at_least": 0.8, "at_most": 1.25}, (2.9, 3.5), False),
        (RATIO, {"at_most": 1.25}, (0.1, 0.2), True),
        (RATIO, {"at_most": 0.8}, (0.1, 0.2), False),  # breaks at the ideal, of which another warning tells
        (RATIO, {"at_least": 0.0}, (9.0, 10.0), False),
        (GAP, {"at_least": -0.1}, (0.4, 0.6), True),
        (GAP, {"at_least": -0.1}, (0.05, 0.6), False),
        (GAP, {"at_most": 0.1}, (-0.6, -0.4), True),
        (GAP, {"within": 0.1}, (0.4, 0.6), False),
        (GAP, {"at_least": -0.1, "no_worse_than_baseline_by": 0.1}, (0.4, 0.6), True),
        (ODDS, {"at_most": 0.1}, (0.0, 0.05), False),  # there is no other direction
        (MetricFacts(about="", low=0.0, high=1.0, ideal=1.0, better="higher"), {"at_least": 0.8}, (0.9, 1.0), False),
        (None, {"at_least": 0.8}, (2.9, 3.5), False),
    ],
)  # fmt: skip
def test_a_one_sided_limit_is_mirrored_at_the_ideal(
    facts: MetricFacts | None, limits: dict[str, float], span: tuple[float, float], warned: bool
) -> None:
    rule = rule_of("c.m", **limits)
    value = span[0] if math.isinf(span[1]) else sum(span) / 2
    warnings = list(in_other_direction(rule, [rule], [women(value, span)], facts))
    assert bool(warnings) is warned


def test_the_warning_names_groups_value_and_mirrored_limit() -> None:
    rule = rule_of(at_least=0.8)
    (text,) = in_other_direction(rule, [rule], [women(3.2, (2.9, 3.5))], RATIO)
    assert "beyond 1.25, the same limit in the other direction: Female (sex) 3.200 on 1,000 rows" in text
    rule = rule_of(at_most=0.1)
    (text,) = in_other_direction(rule, [rule], [women(-0.544, (-0.6, -0.4))], GAP)
    assert "beyond −0.1, the same" in text and ": Female (sex) −0.544 on 1,000 rows" in text


def test_another_rule_may_limit_the_other_direction() -> None:
    measured = [women(3.2, (2.9, 3.5))]
    rule = rule_of(at_least=0.8)
    for other, warned in ((rule_of(at_most=5.0), False), (rule_of("c.other", at_most=5.0), True)):
        assert bool(list(in_other_direction(rule, [rule, other], measured, RATIO))) is warned


@pytest.mark.parametrize(
    ("facts", "span", "rules", "warned"),
    [
        (RATIO, (0.28, 0.33), [], True),
        (RATIO, (0.28, 0.81), [], False),
        (RATIO, (1.3, 2.0), [], True),
        (GAP, (-0.5, -0.2), [], True),
        (GAP, (-0.5, -0.05), [], False),
        (RATIO, (0.28, 0.33), [{"at_least": 0.2}], False),  # the policy says how much it bears
        (RATIO, (0.28, 0.33), [{"metric": "c.gap", "within": 0.9}], False),
        (RATIO, (0.28, 0.33), [{"metric": "c.auc", "at_least": 0.6}], True),  # of other rows
        (MetricFacts(about="", low=0.0, high=1.0, better="higher"), (0.1, 0.2), [], False),
    ],
)
def test_a_rule_on_the_improvement_alone_is_held_to_the_default_limits(
    facts: MetricFacts, span: tuple[float, float], rules: list[dict[str, Any]], warned: bool
) -> None:
    relative = rule_of(no_worse_than_baseline_by=0.05)
    measured = [
        women(sum(span) / 2, span),
        women(0.1, (0.0, 0.2), "c.gap"),
        plugged(0.7, (0.6, 0.8), "c.auc"),
    ]
    others = [Rule(**{"metric": "c.m", **rule}) for rule in rules]
    warnings = list(of_improvements(relative, [relative, *others], measured, facts))
    assert bool(warnings) is warned
    assert not warned or "Female (sex)" in warnings[0]


def test_a_metric_of_the_whole_table_is_no_comparison_of_groups() -> None:
    relative = Rule(metric="c.m", no_worse_than_baseline_by=0.05)
    assert list(of_improvements(relative, [relative], [plugged(0.3, (0.28, 0.33), "c.m")], RATIO)) == []
