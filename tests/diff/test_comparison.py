"""What came, went and changed besides values: rules, groups, features, checks, facts."""

from __future__ import annotations

from dataclasses import replace

from audit.diff.comparison import compare
from audit.diff.records import RuleChange
from audit.result import CheckResult, GroupFacts, Report

from .builders import content, impact, model, report, share

ACCURACY = share("performance.accuracy", 4250)
WITH_FEATURE = [
    share("explainability.attribution_share", 400, 1000, feature=name) for name in ("age", "income")
]
ATTACKED = [share("robustness.flip_rate", 30, 300, attack=name, eps=0.1) for name in ("noise", "pgd")]


def test_a_report_does_not_differ_from_itself() -> None:
    whole = report([ACCURACY, impact(1000, 2000, 1500, 3000), *WITH_FEATURE, *ATTACKED])
    diff = compare(whole, whole)
    assert diff.is_empty and list(diff.changes) == []


def test_a_repeated_audit_does_not_differ() -> None:
    whole = report([ACCURACY])
    assert compare(whole, replace(whole, run={"started": "later", "seconds": {"load": 9.0}})).is_empty


def test_rules_that_change_status_come_or_go() -> None:
    limits = [{"metric": "performance.accuracy", "at_least": limit, "id": str(limit)} for limit in (0.5, 0.8)]
    old = report([ACCURACY], content(gate={"rules": limits}))
    higher = {"metric": "performance.accuracy", "at_least": 0.6, "id": "0.6"}
    new = report(
        [share("performance.accuracy", 3800)], content(gate={"rules": [*limits[1:], higher]}), digest="b"
    )
    found = {change.id: change for change in compare(old, new).rules}
    assert {name: (change.old, change.new) for name, change in found.items()} == {
        "0.8": ("pass", "fail"),
        "0.6": (None, "pass"),
        "0.5": ("pass", None),
    }
    assert found["0.8"] == RuleChange(
        id="0.8", metric="performance.accuracy", limit={"at_least": 0.8}, old="pass", new="fail",
        reason=new.rules[0].reason,
    )  # fmt: skip


def test_a_waived_rule_that_would_be_worse_is_a_change() -> None:
    waiver = {"rule": "performance.accuracy", "reason": "known", "owner": "Ana", "expires": "2026-09-01",
              "covers": ["fail", "inconclusive"]}  # fmt: skip
    policy = content(waivers=[waiver])
    (change,) = compare(
        report([share("performance.accuracy", 4000)], policy),
        report([share("performance.accuracy", 3000)], policy, digest="b"),
    ).rules
    assert (change.old, change.old_would_be) == ("waived", "inconclusive")
    assert (change.new, change.new_would_be) == ("waived", "fail")


def presence(old: Report, new: Report) -> set[tuple[str, str, str]]:
    return {(item.side, item.kind, item.name) for item in compare(old, new).presence}


def test_features_attacks_and_groups_that_come_or_go() -> None:
    old = report([ACCURACY, impact(1000, 2000, 1500, 3000), *WITH_FEATURE, *ATTACKED])
    new = report(
        [
            ACCURACY,
            impact(1000, 2000, 1500, 3000, "X"),
            share("performance.accuracy", 100, 200, attribute="race", group="W"),
            WITH_FEATURE[0],
            ATTACKED[1],
        ]
    )
    assert presence(old, new) == {
        ("added", "group", "sex: X"),
        ("added", "attribute", "race"),
        ("removed", "feature", "income"),
        ("removed", "attack", "noise"),
        # F is still a group of the data, so that its comparison is not told by its name
        ("removed", "measurement", "fairness.disparate_impact, sex: F against M"),
    }


def test_metrics_and_single_measurements_that_come_or_go() -> None:
    sizes = [share("robustness.flip_rate", 30, 300, attack=a, eps=e) for a, e in (("pgd", 1), ("noise", 2))]
    old = report([ACCURACY, *sizes])
    new = report(
        [
            ACCURACY,
            share("performance.selection_rate", 100),
            *sizes,
            replace(sizes[0], where={"attack": "pgd", "eps": 2}),
        ]
    )
    assert presence(old, new) == {
        ("added", "metric", "performance.selection_rate"),
        ("added", "measurement", "robustness.flip_rate, attack pgd, eps 2"),
    }


def test_warnings_that_come_or_go() -> None:
    """A report may hold one twice, and in another order: neither is a difference."""
    whole = report([ACCURACY])
    old = replace(whole, warnings=["stays", "goes, 3 rows", "stays", "last"])
    new = replace(whole, warnings=["last", "stays", "goes, 4 rows"])
    diff = compare(old, new)
    assert [(change.side, change.text) for change in diff.warnings] == [
        ("added", "goes, 4 rows"),
        ("removed", "goes, 3 rows"),
    ]
    assert not diff.is_empty
    assert compare(old, replace(old, warnings=old.warnings[::-1])).is_empty


def test_a_check_that_crashed_is_one_fact() -> None:
    old = report([ACCURACY, *ATTACKED])
    crashed = CheckResult(name="robustness", status="crashed", reason="ValueError")
    new = replace(old, checks=[old.checks[0], crashed])
    diff = compare(old, new)
    assert diff.presence == []
    assert [(fact.section, fact.name, fact.old, fact.new) for fact in diff.facts] == [
        ("checks", "robustness", "measured", "crashed: ValueError")
    ]


def test_a_check_that_went_is_one_line() -> None:
    assert presence(report([ACCURACY, *ATTACKED]), report([ACCURACY])) == {("removed", "check", "robustness")}


def test_facts_of_model_data_and_environment() -> None:
    old = report([ACCURACY])
    new = report(
        [ACCURACY],
        digest="b",
        data="c",
        rows=6000,
        seed=7,
        version="0.2",
        baseline=model("d"),
        background="e",
    )
    found = {(fact.section, fact.name): (fact.old, fact.new) for fact in compare(old, new).facts}
    assert found["model", "digest"] == ("sha256:aa", "b")
    assert found["baseline", "digest"] == (None, "d")
    assert found["data", "rows"] == (5000, 6000)
    assert found["data", "rows of sex: M"] == (3000, 4000)
    assert found["data", "background digest"] == (None, "e")
    assert found["environment", "seed"] == (0, 7)
    assert found["environment", "audit"] == ("0.1", "0.2")


def test_another_privileged_group_is_a_fact() -> None:
    old = report([ACCURACY])
    groups = [GroupFacts(attribute="sex", privileged=["F"], rows=old.data.groups[0].rows)]
    new = replace(old, data=replace(old.data, groups=groups))
    assert [(f.name, f.old, f.new) for f in compare(old, new).facts] == [("privileged of sex", ["M"], ["F"])]


def test_measurements_by_feature_are_attributions() -> None:
    moved = [share("explainability.attribution_share", 900, 1000, feature="age"), WITH_FEATURE[1]]
    diff = compare(report([ACCURACY, *WITH_FEATURE]), report([ACCURACY, *moved], digest="b"))
    assert [change.where for change in diff.attributions] == [{"feature": "age"}]
    assert diff.measurements == [] and diff.attributions[0].finding == "more than chance"
