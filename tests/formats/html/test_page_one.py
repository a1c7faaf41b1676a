"""Page one's figures and its advice, against the measurements that they come from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audit.formats.html.group_bars import MAX_GROUPS
from audit.formats.html.main_figures import main_figures
from audit.formats.html.page import render_html
from audit.formats.html.rules import rule_views
from audit.formats.html.verdict import verdict_view
from audit.result import GroupFacts, Measurement, Report, Scalar

from .builders import measurement
from .pages import parse
from .samples import full, inconclusive, passing, small


def measured(*found: Measurement, **facts: Any) -> Report:
    """Return a report with these measurements of the performance check."""
    report = small()
    check = replace(report.checks[0], measurements=list(found))
    return replace(report, checks=[check], data=replace(report.data, **facts))


def rate(name: str, k: float, n: float, **where: Scalar) -> Measurement:
    counts = {"rate": [k, n]}
    return Measurement(
        metric=f"performance.{name}",
        value=k / n,
        n=int(n),
        method="clopper-pearson",
        counts=counts,
        where=where,
    )


def test_the_confusion_matrix_is_what_the_rates_were_counted_from() -> None:
    rates = [rate("true_positive_rate", 70, 100), rate("false_positive_rate", 20, 300)]
    figures = main_figures(measured(*rates, rows=400))
    assert figures.confusion == [
        [("70", "70.0\u00a0%"), ("30", "30.0\u00a0%")],
        [("20", "6.7\u00a0%"), ("280", "93.3\u00a0%")],
    ]
    assert figures.outcomes == (">50K", "<=50K")


@pytest.mark.parametrize("rows", [399, 4000])
def test_effective_counts_of_weighted_rows_are_no_confusion_matrix(rows: int) -> None:
    rates = [rate("true_positive_rate", 70, 100), rate("false_positive_rate", 20, 300)]
    assert main_figures(measured(*rates, rows=rows)).confusion == []
    assert main_figures(measured(rates[0], rows=400)).confusion == []


def test_bars_are_as_long_as_the_values() -> None:
    groups = [GroupFacts(attribute="sex", privileged=["M"], rows={"F": 40, "M": 60})]
    found = [
        rate("selection_rate", 10, 40, attribute="sex", group="F"),
        rate("selection_rate", 30, 60, attribute="sex", group="M"),
    ]
    figures = main_figures(measured(*found, groups=groups))
    (bars,) = figures.groups.values()
    assert figures.group_title == "Selection rate" and figures.more_groups == 0
    assert [(b.group, b.value, b.privileged) for b in bars] == [
        ("F", "25.0\u00a0%", False),
        ("M", "50.0\u00a0%", True),
    ]
    short, long = (float(b.length.rstrip("%")) for b in bars)
    assert long == pytest.approx(2 * short)


def test_many_groups_leave_room_and_are_counted() -> None:
    many = {f"g{i}": 1000 - i for i in range(40)}
    groups = [
        GroupFacts(attribute="race", privileged=["g0"], rows=many),
        GroupFacts(attribute="sex", privileged=["M"], rows={"F": 1, "M": 2}),
        GroupFacts(attribute="race*sex", privileged=["g0*M"], rows={"g0*M": 5}),
    ]
    found = [
        rate("selection_rate", 1, 2, attribute=facts.attribute, group=g)
        for facts in groups
        for g in facts.rows
    ]
    figures = main_figures(measured(*found, groups=groups))
    assert [b.group for b in figures.groups["race"]] == list(many)[:MAX_GROUPS]
    assert list(figures.groups) == ["race"] and figures.more_groups == 43 - MAX_GROUPS


def test_the_attack_shown_is_the_one_that_a_rule_is_about() -> None:
    where: dict[str, Scalar] = {"attack": "worst", "norm": "inf"}
    worst = [
        measurement("robustness.adversarial_accuracy", 0.9 - eps, 0.01, 90, **where, eps=eps)
        for eps in (0.05, 0.1, 0.3)
    ]
    report = measured(measurement("performance.accuracy", 0.9, 0.01, 90), *worst)
    (_, usual) = main_figures(report).values
    assert (usual.title, usual.value, usual.label) == (
        "Accuracy under attack",
        "0.800",
        "attack worst, eps 0.1",
    )
    ruled = replace(report.rules[0], metric="robustness.adversarial_accuracy", measurements=worst[2:])
    (_, asked) = main_figures(replace(report, rules=[ruled])).values
    assert asked.value == "0.600"


def test_where_may_hold_anything() -> None:
    odd = measurement("robustness.adversarial_accuracy", 0.5, 0.01, 90, attack="worst", eps="<b>")
    bare = measurement("fairness.disparate_impact", 0.1, 0.01, 900)
    page = render_html(measured(measurement("performance.accuracy", 0.9, 0.01, 90), odd, bare))
    assert "attack worst, eps &lt;b&gt;" in page and "Large gaps" not in page


def advice(report: Report) -> str:
    return verdict_view(report, rule_views(report)).next_step


def test_advice_follows_the_verdict_and_the_policy() -> None:
    assert "waiver" in advice(small()) and advice(small()).startswith("The owner")
    assert "adds rules" in advice(inconclusive()) and "audit promote" in advice(passing())
    undecided = [replace(rule, status="inconclusive") for rule in passing().rules]
    assert "Not decided" in advice(replace(passing(), rules=undecided, verdict="inconclusive"))
    assert "have no results" in advice(replace(passing(), verdict="inconclusive"))
    both = [replace(small().rules[0], status="fail"), replace(small().rules[0], status="inconclusive")]
    assert "Not decided" in advice(replace(small(), rules=both, verdict="fail"))
    report = passing()
    effective: Any = report.policy.effective
    owned = replace(
        small(), policy=replace(small().policy, effective={**effective, "about": {"owner": "risk <b>"}})
    )
    assert advice(owned).startswith("The owner (risk <b>) changes")
    assert "The owner (risk &lt;b&gt;) changes" in render_html(owned)
    gate = effective["gate"] | {"approvals": {"count": 2, "keys": ["a", "b", "c"]}}
    signed = replace(report, policy=replace(report.policy, effective=effective | {"gate": gate}))
    assert advice(signed).startswith("2 of the 3 approvers")


def test_small_groups_outside_a_limit_come_before_what_blocked() -> None:
    report = small()
    index = next(i for i, rule in enumerate(report.rules) if rule.not_decided)
    rule = report.rules[index]
    far = replace(rule.not_decided[0], value=0.2, ci=(0.1, 0.3))
    rules = [*report.rules]
    rules[index] = replace(rule, not_decided=[far, *rule.not_decided[1:]])
    (section,) = parse(render_html(replace(report, rules=rules))).all("section", id="verdict")
    said = "race: Amer-Indian-Eskimo against White: disparate impact 0.200 (0.100 to 0.300), 159 rows"
    assert (
        section.text.index("Small groups outside a limit")
        < section.text.index(said)
        < section.text.index("Why it failed")
    )
    assert "Small groups outside a limit" not in parse(render_html(report)).text


def test_warnings_name_rules_by_their_titles() -> None:
    rule = small().rules[1]
    said = [f"{rule.id}: too few rows", f"{rule.id}x: another rule", "no rule limits 'age'"]
    report = replace(small(), warnings=said)
    assert verdict_view(report, rule_views(report)).warnings == [
        "Disparate impact by sex: too few rows",
        *said[1:],
    ]


def test_a_failed_report_says_what_passed_where_there_is_room() -> None:
    failed, passed = (next(r for r in small().rules if r.status == status) for status in ("fail", "pass"))
    for failures, room in ((1, True), (2, True), (3, False)):
        rules = [replace(failed, id=f"{failed.id}{i}") for i in range(failures)] + [passed]
        report = replace(small(), rules=rules)
        view = verdict_view(report, rule_views(report))
        assert [v.rule for v in view.passed] == ([passed] if room else [])
        assert ("What passed" in render_html(report)) is room
    waived = [replace(failed, id=f"{failed.id}{i}", status="waived") for i in range(3)]
    report = replace(passing(), rules=[*waived, passed])
    assert [v.rule for v in verdict_view(report, rule_views(report)).passed] == [passed]


def test_a_full_report_answers_on_page_one() -> None:
    (section,) = parse(render_html(full())).all("section", id="verdict")
    for part in ("FAIL", "Why it failed", "Main figures", "by group", "What to do next"):
        assert part in section.text
