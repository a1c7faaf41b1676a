"""What the summary says of open rules, of groups that are left out, and of rules that are none."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from audit.cli import main
from audit.formats.json import read_report
from audit.result import RuleResult

from ..audits import GIVEN, people
from .kit import Kit


@pytest.fixture
def gap(kit: Kit) -> Kit:
    """The one rule limits how far the selection rate of women may lie below that of men; it lies 0.022 below."""
    kit.use("given")
    kit.policy["model"] |= GIVEN
    kit.frame = people(900, seed=2)
    rule = {
        "metric": "fairness.statistical_parity_difference",
        "where": {"attribute": "sex"},
        "at_least": -0.074,
    }
    kit.policy["gate"]["rules"] = [rule]
    return kit


def audited(kit: Kit) -> RuleResult:
    main([*kit.write(), "--quiet"])
    return read_report(kit.out).rules[0]


def test_as_many_copies_of_the_group_as_are_asked_for_decide(gap: Kit) -> None:
    women, table = gap.frame[gap.frame["sex"] == "Female"], gap.frame
    (sentence,) = audited(gap).needs
    found = re.fullmatch(
        r"about ([\d,]+) more rows of Female \((\d+) now\) would show that the value is within the limit, "
        "if the rates stay as they are",
        sentence,
    )
    assert found, sentence
    more, now = (int(number.replace(",", "")) for number in found.groups())
    assert now == len(women)
    fewer, enough = int(0.85 * more / now), -(-more // now)
    assert 0 < fewer < enough
    for copies, status in ((fewer, "inconclusive"), (enough, "pass")):
        gap.frame = pd.concat([table, *[women] * copies])
        assert audited(gap).status == status


def test_open_rules_groups_left_out_and_warnings_are_said(
    gap: Kit, capsys: pytest.CaptureFixture[str]
) -> None:
    gap.data["protected"]["race"] = {"privileged": "White"}
    race = {"metric": "fairness.disparate_impact", "where": {"attribute": "race"}, "at_least": 0.1}
    vacuous = {"metric": "performance.accuracy", "at_least": 0}
    nothing = {
        "metric": "performance.accuracy",
        "where": {"attribute": "sex", "group": "Femal"},
        "at_least": 0.1,
    }
    gap.policy["gate"] |= {"min_rows": 100, "rules": [*gap.policy["gate"]["rules"], race, vacuous, nothing]}
    assert main(gap.write()) == 3
    out = capsys.readouterr().out
    assert re.search(r"To decide it: about [\d,]+ more rows of Female \(\d+ now\)", out)
    left_out = r"left out by gate.min_rows: 1 group\n +race: Other against White: [\d.]+ \([\d.]+ to [\d.]+\), \d+ rows"
    assert re.search(left_out, out)
    assert (
        "warning performance.accuracy: no value can be outside 'at_least: 0', because the metric is always between "
        "0 and 1: choose a stricter limit" in out
    )
    assert "no group 'Femal' was measured (did you mean 'Female'?)" in out
    report = read_report(gap.out)
    assert len(report.warnings) == 2
    assert "<h3>Warnings</h3>" in (gap.out / "report.html").read_text()


def test_a_rule_that_the_rows_can_never_decide_is_warned_of(
    gap: Kit, capsys: pytest.CaptureFixture[str]
) -> None:
    gap.policy["gate"]["rules"][0] = {**gap.policy["gate"]["rules"][0], "at_least": -0.001, "at_most": 0.001}
    main(gap.write())
    assert re.search(
        r"too few rows for the rule to pass: Female \(\d+ rows, too few even with equal rates of",
        capsys.readouterr().out,
    )
