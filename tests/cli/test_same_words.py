"""Summary and page give the same names, numbers and rows of the same measurements, over many reports."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from audit.cli.first_line import MAX_COLUMNS, first_line
from audit.cli.summary import summary
from audit.formats.html.rules import RuleView, rule_views
from audit.formats.html.verdict import verdict_view
from audit.formats.text.catalogue import words
from audit.formats.text.headline import headline
from audit.formats.text.safe_text import width
from audit.result import CheckResult, Measurement, Report, RuleResult, RuleStatus, Scalar

WHERES: list[dict[str, Scalar]] = [
    {},
    {"attribute": "sex", "unprivileged": "Female", "privileged": "Male"},
    {"attribute": "sex*race", "group": "Female*Black"},
    {"attack": "worst", "norm": "inf", "eps": 0.1},
    {"feature": "age"},
    {"attribute": "race", "unprivileged": "(others)", "privileged": "White"},
]
VALUES = [0.3118, -0.08996, 1.0, 0.0, 4e-5, 12345.6, float("nan"), float("inf")]


def measurement(draw: random.Random) -> Measurement:
    where = draw.choice(WHERES)
    value = draw.choice(VALUES)
    n = draw.randint(1, 20_000)
    ci = draw.choice([None, (value - 0.05, value + 0.05)])
    smallest = draw.randint(1, n) if "unprivileged" in where else None
    return Measurement(
        metric="fairness.disparate_impact", value=value, n=n, method="none", where=where, ci=ci, smallest_n=smallest
    )  # fmt: skip


def reports(seed: int) -> Report:
    from ..formats.samples import report

    draw = random.Random(seed)
    statuses: list[RuleStatus] = ["fail", "inconclusive"]
    rules = [
        RuleResult(
            id=f"fairness.disparate_impact#{i}", metric="fairness.disparate_impact", where={}, reason="why",
            limit=draw.choice([{"at_least": 0.8}, {"within": 0.1}, {"at_least": 0.8, "at_most": 1.25}]),
            status=draw.choice(statuses), measurements=[measurement(draw) for _ in range(draw.randint(0, 5))],
        )
        for i in range(4)
    ]  # fmt: skip
    return replace(report(), rules=rules, verdict="fail")


def shown_on_page(view: RuleView) -> list[str]:
    """Return the lines of the summary with the claim that reports/templates/verdict.html.j2 shows."""
    statement, evidence = view.claim
    name = "" if statement.startswith("Disparate impact") else f"{view.title}. "
    texts = [f"{name}{statement}.", f"{evidence[:1].upper()}{evidence[1:]}."]
    return [text.replace("\u00a0", " ") for text in texts]


@pytest.mark.parametrize("seed", range(50))
def test_the_summary_says_what_the_page_says(seed: int) -> None:
    report = reports(seed)
    views = rule_views(report)
    page = verdict_view(report, views)
    lines = list(summary(report, report))
    for view in [*page.blocked, *page.undecided]:
        (title,) = [at for at, line in enumerate(lines) if line.endswith(f"  {view.rule.id}")]
        assert lines[title].split("  ")[1] == words("status", view.rule.status)
        assert [line.strip() for line in lines[title + 1 : title + 3]] == shown_on_page(view)


@pytest.mark.parametrize("seed", range(20))
def test_the_first_line_fits_and_says_the_verdict(seed: int) -> None:
    report = reports(seed)
    for rule in ("r" * 400, "short", "性" * 90, "a\nb\x1b[31m"):
        long = replace(report, rules=[replace(each, id=rule) for each in report.rules])
        line = first_line(long, long.checks)
        assert (
            line.startswith(headline(long, long.checks)) and line.isprintable() and width(line) <= MAX_COLUMNS
        )


def test_the_first_line_has_the_number_that_decides() -> None:
    comparison = Measurement(
        metric="fairness.disparate_impact", value=0.3118, n=16281, smallest_n=5421, method="none",
        where=WHERES[1], ci=(0.2831, 0.3427),
    )  # fmt: skip
    rule = replace(
        reports(0).rules[0], id="fairness.disparate_impact", measurements=[comparison], status="fail"
    )
    found = replace(reports(0), rules=[replace(rule, limit={"at_least": 0.8})])
    assert first_line(found, ()) == (
        "FAIL: 1 of 1 rule does not hold; fairness.disparate_impact is 0.312, limit at least 0.8"
    )
    assert any(
        "Disparate impact (sex: Female against Male) is 0.312." in line for line in summary(found, found)
    )
    assert any(
        "interval 0.283 to 0.343, 5,421 rows; limit at least 0.8" in line for line in summary(found, found)
    )
    both = {"at_least": 0.8, "at_most": 1.25}
    undecided = replace(rule, limit=both, status="inconclusive")
    assert first_line(replace(found, rules=[replace(rule, limit=both), undecided]), ()) == (
        "FAIL: 1 of 2 rules does not hold, 1 not decided; fairness.disparate_impact is 0.312, limit 0.8 to 1.25"
    )
    assert first_line(replace(found, verdict="inconclusive", rules=[undecided]), ()) == (
        "INCONCLUSIVE: 1 of 1 rule not decided; fairness.disparate_impact is 0.283 to 0.343, limit 0.8 to 1.25"
    )
    crashed = [CheckResult(name="fairness", status="crashed", reason="why")]
    assert first_line(replace(found, verdict="inconclusive", rules=[]), crashed) == (
        "INCONCLUSIVE: the policy has no rules, 1 check crashed"
    )
    holds = replace(rule, status="pass")
    assert first_line(replace(found, verdict="pass", rules=[holds] * 4), ()) == "PASS: 4 of 4 rules hold"
