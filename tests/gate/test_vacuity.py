"""A rule passes only if it could have failed; it can always fail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audit.checks.explainability.definitions import DEFINITIONS as EXPLAINABILITY
from audit.checks.fairness.metrics import DEFINITIONS as FAIRNESS
from audit.checks.performance.definitions import DEFINITIONS as PERFORMANCE
from audit.checks.robustness.definitions import DEFINITIONS as ROBUSTNESS
from audit.gate.verdict import decide
from audit.policy.gate_spec import GateSpec, Rule
from audit.policy.resolution import with_ids
from audit.result import Decision, Measurement, MetricFacts

from .builders import TODAY, against, check, decided, exact, rate, waiver

SHARE = MetricFacts(about="", low=0.0, high=1.0, better="higher")
UNREAD = replace(SHARE, exact_zero="no column stands for it")


def verdict(facts: MetricFacts, rule: Rule, *measured: Measurement) -> Decision:
    """Decide one rule on measurements whose metric has these facts."""
    result = replace(check(*measured), metrics={"c.rate": facts})
    return decide([result], GateSpec(rules=with_ids([rule])), [], TODAY, 0.95)


@pytest.mark.parametrize(
    ("limit", "status"),
    [
        ({"at_least": 0.0}, "inconclusive"),
        ({"at_most": 1.0}, "inconclusive"),
        ({"at_least": 0.0, "at_most": 1.0}, "inconclusive"),
        ({"within": 1.0}, "inconclusive"),
        ({"at_least": 0.0, "at_most": 0.99}, "pass"),  # one of both could have been broken
        ({"at_least": 0.01}, "pass"),
        ({"at_most": 0.5}, "fail"),
    ],
)
def test_a_limit_that_no_value_breaks_does_not_pass(limit: dict[str, Any], status: str) -> None:
    (rule,) = verdict(SHARE, Rule(metric="c.rate", **limit), rate(900, 1000)).rules
    assert rule.status == status
    if status == "inconclusive":
        assert "no value of the metric can be outside the limit" in rule.reason


@pytest.mark.parametrize(
    ("permuted", "limit", "status"),
    [
        (None, 0.5, "pass"),
        ((0.3, 1.0), 0.5, "pass"),
        ((0.5, 1.0), 0.5, "inconclusive"),  # the limit itself holds
        ((1.0, 1.0), 0.5, "inconclusive"),
        ((1.0, 1.0), 0.95, "fail"),  # the range does not protect a rule that is broken
    ],
)
def test_decisions_that_cannot_break_the_limit_do_not_pass_it(
    permuted: Any, limit: float, status: str
) -> None:
    measured = replace(rate(880, 1000, attribute="sex", group="a"), permuted_range=permuted)
    decision = verdict(SHARE, Rule(metric="c.rate", where={"attribute": "*"}, at_least=limit), measured)
    assert decision.rules[0].status == status
    assert decision.verdict == status


def test_one_measurement_that_could_have_failed_is_enough() -> None:
    fixed = replace(rate(900, 1000, attribute="sex", group="a"), permuted_range=(0.9, 0.9))
    free = rate(900, 1000, attribute="sex", group="b")
    rule = Rule(metric="c.rate", where={"attribute": "sex"}, at_least=0.5)
    assert verdict(SHARE, rule, fixed, free).verdict == "pass"
    assert verdict(SHARE, rule, fixed, replace(fixed, where=free.where)).verdict == "inconclusive"


def test_an_attribute_that_no_column_stands_for_does_not_pass() -> None:
    unread = exact(0.0, attribute="race")
    rule = Rule(metric="c.rate", at_most=0.2)
    (result,) = verdict(UNREAD, rule, unread).rules
    assert (result.status, result.reason) == ("inconclusive", "not decided: 'race': no column stands for it")
    assert verdict(UNREAD, rule, unread, rate(10, 1000, attribute="sex")).verdict == "pass"
    assert verdict(UNREAD, rule, exact(0.3, attribute="race")).verdict == "fail"


def test_an_improvement_that_no_distribution_loses_does_not_pass() -> None:
    """Against a baseline of 0.5, a share that is 1 whatever the decisions are cannot be worse."""
    pair = against(rate(1000, 1000), rate(500, 1000))
    rule = Rule(metric="c.rate", no_worse_than_baseline_by=0.05)
    assert verdict(SHARE, rule, pair).verdict == "pass"
    assert verdict(SHARE, rule, replace(pair, permuted_range=(1.0, 1.0))).verdict == "inconclusive"
    assert verdict(SHARE, rule, replace(pair, permuted_range=(0.2, 1.0))).verdict == "pass"


def test_no_model_is_worse_than_itself() -> None:
    """Bytes that are read alike give an improvement of 0: only a limit on the value itself says something."""
    pair = against(rate(900, 1000), rate(900, 1000))
    assert pair.baseline is not None
    itself = replace(pair, baseline=replace(pair.baseline, identical=True))
    for limits, status in (
        ({"no_worse_than_baseline_by": 0.05}, "inconclusive"),
        ({"better_than_baseline_by": 0.0}, "inconclusive"),
        ({"better_than_baseline_by": 0.05}, "fail"),
        ({"no_worse_than_baseline_by": 0.05, "at_least": 0.5}, "pass"),
        ({"no_worse_than_baseline_by": 0.05, "at_least": 0.95}, "fail"),
    ):
        rule = Rule(metric="c.rate", **limits)  # type: ignore[arg-type]  # by name
        (result,) = verdict(SHARE, rule, itself).rules
        assert result.status == status, limits
        assert ("the candidate itself" in result.reason) == (status == "inconclusive")


def test_a_metric_of_the_data_alone_gives_no_pass() -> None:
    facts = replace(SHARE, of_data=True)
    alone = verdict(facts, Rule(metric="c.rate", at_least=0.5), rate(900, 1000))
    assert (alone.rules[0].status, alone.verdict) == ("pass", "inconclusive")
    assert alone.reason == "no rule is on the model"
    assert verdict(facts, Rule(metric="c.rate", at_least=0.95), rate(900, 1000)).verdict == "fail"
    result = check(rate(900, 1000), rate(900, 1000, metric="c.other"))
    gate = GateSpec(rules=with_ids([Rule(metric=name, at_least=0.5) for name in ("c.rate", "c.other")]))
    both = replace(result, metrics={"c.rate": facts, "c.other": SHARE})
    assert decide([both], gate, [], TODAY, 0.95).verdict == "pass"
    waived = decide([both], gate, [waiver("c.other", covers=["inconclusive"])], TODAY, 0.95)
    assert waived.verdict == "pass"  # nothing to waive


def test_metrics_of_the_data_alone_are_marked() -> None:
    marked = {name for definitions in (PERFORMANCE, FAIRNESS, EXPLAINABILITY, ROBUSTNESS)
              for name, facts in definitions.items() if facts.of_data}  # fmt: skip
    assert marked == {"rows", "proxy_auc", "proxy_strength"}


def test_a_waived_rule_beside_one_of_the_data_gives_no_pass() -> None:
    result = replace(
        check(rate(900, 1000), rate(100, 1000, metric="c.other")),
        metrics={"c.rate": replace(SHARE, of_data=True), "c.other": SHARE},
    )
    gate = GateSpec(rules=with_ids([Rule(metric=name, at_least=0.5) for name in ("c.rate", "c.other")]))
    decision = decide([result], gate, [waiver("c.other")], TODAY, 0.95)
    assert (decision.verdict, decision.reason) == ("inconclusive", "every rule is waived")


def test_a_waiver_of_inconclusive_rules_covers_it_but_gives_no_pass() -> None:
    fixed = replace(rate(900, 1000), permuted_range=(0.9, 0.9))
    rules = [Rule(metric="c.rate", at_least=0.5, id="fixed"), Rule(metric="c.other", at_least=0.5)]
    free = rate(900, 1000, metric="c.other")
    for covers, status in ((["fail"], "inconclusive"), (["fail", "inconclusive"], "waived")):
        decision = decided([check(fixed, free)], rules, [waiver("fixed", covers=covers)])
        assert [rule.status for rule in decision.rules] == [status, "pass"]
        assert decision.verdict == ("pass" if status == "waived" else "inconclusive")
    alone = decided([check(fixed)], rules[:1], [waiver("fixed", covers=["inconclusive"])])
    assert alone.verdict == "inconclusive"
