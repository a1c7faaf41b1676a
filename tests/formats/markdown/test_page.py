"""`summary.md` as a reviewer of a pull request reads it: its first lines, its length, and whatever the names are."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings

from audit.formats.markdown.page import render
from audit.formats.text.catalogue import words
from audit.result import (
    CheckResult,
    Measurement,
    MetricFacts,
    Report,
    RuleResult,
    RuleStatus,
    Scalar,
    Verdict,
)

from ..any_report import forged_reports, reports
from ..html.hostile import HOSTILE, hostile
from ..html.large import large
from ..html.samples import full, inconclusive, passing, rules, small
from ..markdown_reading import ACTIVE, PARSER, inline, texts, tokens
from ..samples import decided_report

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = {"small": small, "full": full, "passing": passing, "inconclusive": inconclusive, "large": large}
MOST = 60_000
OWN_BLOCKS = {"heading", "paragraph", "bullet_list", "list_item", "table", "thead", "tbody", "tr", "th", "td"}
OWN = {f"{name}_{end}" for name in (*OWN_BLOCKS, "strong") for end in ("open", "close")}
OWN |= {"inline", "text", "code_inline", "fence", "link_open", "link_close"}
SUCCESS = re.compile("✅|pass|success|🟢|✔|✓", re.IGNORECASE)


@pytest.mark.parametrize("name", ["small", "passing"])
def test_the_summary_is_the_golden_file(name: str) -> None:
    """Written anew by ``AUDIT_WRITE_GOLDEN=1 pytest tests/formats/markdown``; look at the difference."""
    text = render(SAMPLES[name]())
    file = GOLDEN / f"{name}.md"
    if os.environ.get("AUDIT_WRITE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*SAMPLES, "hostile"])
def test_it_is_markdown_without_html(name: str) -> None:
    text = render(hostile() if name == "hostile" else SAMPLES[name]())
    assert tokens(text) <= OWN
    assert not any(ACTIVE.search(token.content) for token in inline(text) if token.type == "text")
    assert len(text.encode()) <= MOST


def test_only_metrics_are_links_and_to_pages_that_define_them() -> None:
    facts = {"own.metric": MetricFacts(about="", link="https://example.org/a_(b)?c=[d]&lt;e\\)")}
    check = CheckResult(name="own", status="measured", metrics=facts)
    named = [
        replace(rules()[0], id=m, metric=m)
        for m in ("own.metric", "other.metric", "fairness.disparate_impact")
    ]
    text = render(replace(small(), rules=named, checks=[check]))
    links = [token.attrs["href"] for token in inline(text) if token.type == "link_open"]
    assert links[0] == "https://example.org/a_%28b%29?c=%5Bd%5D&lt;e%5C%29"
    assert len(links) == 2 and "aif360" in str(links[1])
    hrefs = {str(token.attrs["href"]) for token in inline(render(hostile())) if token.type == "link_open"}
    assert all(re.match("https://(scikit-learn|aif360|shap|arxiv)[.]", href) for href in hrefs)


def test_nothing_hides_or_reorders_text() -> None:
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]", render(hostile())
    )


def test_hostile_names_are_shown() -> None:
    shown = "\n".join(texts(render(hostile())))
    for name in ("<script>alert(1)</script>", "{{ 7 * 7 }}", "\\u202egpj.exe", "escape\\u001b[31m", "]]>"):
        assert name in shown


@given(reports() | forged_reports)
@settings(max_examples=60)
def test_the_first_line_says_pass_only_of_a_verdict_of_pass(report: Report) -> None:
    text = render(report)
    first = text.partition("\n")[0]
    assert bool(SUCCESS.search(first)) == (report.verdict == "pass")
    assert report.verdict.upper() in first and len(first) <= 80
    assert tokens(text) <= OWN and len(text.encode()) <= MOST


@given(reports() | forged_reports)
@settings(max_examples=30)
def test_every_rule_is_listed_with_its_status(report: Report) -> None:
    cells = [[token.content for token in row] for row in _rows(render(report), "Status")]
    listed = [status[0].replace("*", "").partition(",")[0] for status in cells]
    assert sorted(listed) == sorted(words("status", rule.status) for rule in report.rules)


def _rows(text: str, head: str) -> list[list]:
    """Return the rows of the table whose first column is ``head``."""
    rows: list[list] = []
    for token in PARSER.parse(text):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows and token.level > 2:
            rows[-1].append(token)
    heads = [row[0].content for row in rows]
    return rows[heads.index(head) + 1 : [*heads, ""].index("")] if head in heads else []


@pytest.mark.parametrize("status", ["fail", "inconclusive"])
def test_what_blocked_and_by_how_much_is_in_the_first_five_lines(
    status: Literal["fail", "inconclusive"],
) -> None:
    rule = replace(rules()[1], status=status)
    lines = render(replace(small(), verdict=status, rules=[rule], checks=[])).splitlines()
    assert status.upper() in lines[0]
    assert all(
        part in lines[4] for part in (rule.id, "0.510. 95 % interval 0.456 to 0.564", "0.290 below the limit")
    )


def test_what_was_not_decided_comes_with_what_would_decide_it() -> None:
    needs = [f"{n} more rows of group {n}" for n in range(5)]
    rule = replace(rules()[2], needs=needs, reason="not decided: the interval includes the limit")
    text = render(replace(small(), verdict="inconclusive", rules=[rule]))
    assert [need in text for need in needs] == [True] * 3 + [False] * 2
    assert "and 2 more needs" in text
    assert "  - The interval includes the limit.\n" in text


def test_a_crashed_check_blocks_and_a_skipped_one_is_named() -> None:
    text = render(replace(small(), verdict="inconclusive", rules=rules()[:1]))
    assert text.startswith("## ⚠️ INCONCLUSIVE: 1 check crashed\n")
    assert "`robustness` crashed: ValueError: shapes" in text.split("\n### ")[0]
    assert "`explainability` was skipped: the model has one input" in text


def test_a_waiver_is_shown_as_one() -> None:
    text = render(small())
    assert "waived by Ana until 2027-01-31: Retraining is planned." in text.replace("Waived", "waived")
    assert "| waived, otherwise failed | `fairness.equal_opportunity_difference` |" in text


def test_what_the_reader_must_know_is_shown() -> None:
    about = {
        "name": "Income screening",
        "owner": "risk",
        "intended_use": "Shortlist",
        "limitations": "Census of 1994",
    }
    effective = {**small().policy.effective, "about": about, "checks": {"robustness": False}}
    report = replace(
        small(),
        policy=replace(small().policy, effective=effective, default_rules=True),
        superseded="Decided by version 1: pass.",
        warnings=["the labels of 3 rows"],
    )
    text = render(report)
    for part in (
        *about.values(),
        report.superseded,
        "the labels of 3 rows",
        "starting points",
        "'robustness'",
    ):
        assert part in text
    for digest in (report.model.digest, report.data.digest, report.policy.digest):
        assert f"`{digest}`" in text
    assert f"```sh\n{report.policy.command}\n```" in text


def test_groups_left_out_are_listed_with_their_rows() -> None:
    section = render(small()).partition("### Groups too small")[2].partition("\n### ")[0]
    assert "Fewer than 200 rows" in section
    assert "`race: Other`: 135 rows; `disparate_impact` 1.140 (0.796 to 1.484)" in section
    assert "sex: no rule decided on 0.6% of the rows (5 of 905): (missing) 5" in render(decided_report())


def test_equal_reports_give_equal_texts_but_for_what_run_holds() -> None:
    report = small()
    other = replace(report, run={"started": report.run["started"], "seconds": {"load": 9.0}})
    assert render(report) == render(small()) == render(other)


def huge(verdict: Verdict, name: str, counts: tuple[int, int]) -> Report:
    """A report of many rules on many groups with a long name, every status among them."""
    every: tuple[RuleStatus, ...] = ("fail", "inconclusive", "waived", "pass")
    groups = [f"{name}{i}" for i in range(counts[1])]
    decided = []
    for i in range(counts[0]):
        where: list[dict[str, Scalar]] = [
            {"attribute": name, "unprivileged": g, "privileged": name} for g in groups
        ]
        found = [
            Measurement(metric="f.m", value=i / 9, n=3, method="m", ci=(0.0, 9.0), where=w) for w in where
        ]
        decided.append(
            RuleResult(
                id=f"f.m[{name}{i}]", metric="f.m", where={}, limit={"at_least": 1.0}, status=every[i % 4], reason=name,
                measurements=found[: len(found) // 2], not_decided=found[len(found) // 2 :], needs=[name] * 9,
                waiver={"owner": name, "reason": name} if every[i % 4] == "waived" else None,
            )
        )  # fmt: skip
    checks = [CheckResult(name=f"{name}{i}", status="crashed", reason=name) for i in range(50)]
    about = dict.fromkeys(("name", "owner", "intended_use", "limitations"), name)
    policy = replace(small().policy, command=name, effective={"about": about})
    data = replace(small().data, path=name, left_out=[name] * 9)
    return replace(
        small(), verdict=verdict, reason=name, rules=decided, checks=checks, warnings=[name] * 300, policy=policy,
        data=data, environment=dict.fromkeys(groups, name),
    )  # fmt: skip


LONG = (
    "n" * 10_000,
    "表" * 10_000,
    "🎉" * 10_000,
    "e" + "\u0301" * 10_000,
    "\U0001d165" * 10_000,
    "|`" * 5_000,
    "A " * 5_000,
)


@pytest.mark.parametrize("name", [*LONG, "".join(HOSTILE)], ids=lambda name: ascii(name[:4]))
def test_it_is_short_whatever_the_names_are(name: str) -> None:
    text = render(huge("fail", name, (60, 20)))
    assert len(text.encode()) <= MOST
    assert tokens(text) <= OWN


def test_what_is_cut_is_counted_and_the_most_important_stays() -> None:
    text = render(huge("fail", "group ", (500, 200)))
    assert 30_000 < len(text.encode()) <= MOST
    head, *_ = text.split("\n### ")
    listed = head.count("\n- ")
    assert listed == 20 and f"… and {125 - listed} more" in head
    assert all(f"### {title}" in text for title in ("Not decided", "Waived", "Rules", "Groups", "Audited"))
    rows = len(_rows(text.partition("### Groups")[0], "Status"))
    assert f"… and {500 - rows} more rules" in text
