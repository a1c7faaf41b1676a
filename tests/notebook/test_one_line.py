"""A report in one line, whatever its names hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.gate.verdict import DECISION_VERSION
from audit.notebook import AuditReport
from audit.notebook.one_line import one_line
from audit.result import CheckResult, Report

from ..formats.hostile_names import NAMES, named
from ..formats.html.samples import inconclusive, passing, small


def current(report: Report) -> Report:
    """Return a sample without a crash, decided by the rules of today."""
    checks = [check for check in report.checks if check.status != "crashed"]
    return replace(report, checks=checks, decision_version=DECISION_VERSION)


def only(report: Report, *statuses: str) -> Report:
    return replace(report, rules=[rule for rule in report.rules if rule.status in statuses])


MODEL = "model models/income/3 sha256:3f3f…, 16,281 rows"


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (small(), "fail: 1 of 5 rules failed, 1 waived"),
        (only(small(), "fail"), "fail: 1 of 1 rule failed"),
        (passing(), "pass: 2 of 2 rules passed"),
        (replace(only(small(), "pass", "waived"), verdict="pass"), "pass: 1 of 2 rules passed, 1 waived"),
        (replace(only(small(), "pass", "inconclusive"), verdict="inconclusive"),
         "inconclusive: 2 of 3 rules not decided"),
        (inconclusive(), "inconclusive: no rules"),
    ],
)  # fmt: skip
def test_it_says_what_the_verdict_follows_from(report: Report, words: str) -> None:
    assert one_line(current(report)) == f"<Report {words}, {MODEL}>"


def test_a_crash_and_other_decision_rules_are_said() -> None:
    crashed = CheckResult(name="robustness", status="crashed", reason="ValueError")
    report = replace(passing(), verdict="inconclusive", checks=[crashed], decision_version=1)
    assert "passed, the check robustness crashed, model" in one_line(report)
    assert one_line(report).endswith("rows, decided by version 1 of the decision rules>")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_any_name_leaves_it_one_short_printable_line(name: str) -> None:
    line = repr(AuditReport.of(named(name)))
    assert len(line.splitlines()) == 1 and len(line) < 400 and line.isprintable()
