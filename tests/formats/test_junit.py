"""`junit.xml`: read as test runners' files are, and valid by the schema that pytest's own are tested with."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema
from hypothesis import given, settings
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase

from audit.formats.junit import render
from audit.result import MAX_AUDITS, CheckResult, Report, RuleResult

from .any_report import reports
from .golden_files import require_golden
from .hostile_names import NAMES, named
from .html.samples import full, inconclusive, passing, rules, small

SCHEMAS = Path(__file__).parent / "schemas"


@cache
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd")


def read(report: Report) -> JUnitXml:
    """Return the file as junitparser reads it, once it is valid."""
    text = render(report)
    schema().validate(io.StringIO(text))
    return JUnitXml.fromstring(text.encode("utf-8"))


def cases(report: Report) -> dict[str, TestCase]:
    return {case.name: case for suite in read(report) for case in suite}


def test_the_whole_file() -> None:
    require_golden(render(small()), "small.junit.xml")


def test_a_suite_a_check_and_a_case_a_rule() -> None:
    report = full()
    suites = {suite.name: [case.name for case in suite] for suite in read(report)}
    assert list(suites) == ["performance", "fairness", "explainability", "robustness"]
    assert sorted(name for names in suites.values() for name in names) == sorted(r.id for r in report.rules)
    assert all(rule.id in suites[rule.metric.partition(".")[0]] for rule in report.rules)


@pytest.mark.parametrize(
    ("status", "kind"), [("fail", Failure), ("inconclusive", Error), ("waived", Skipped), ("pass", None)]
)
def test_each_status_is_its_own_result(status: str, kind: type | None) -> None:
    for rule in small().rules:
        if rule.status == status:
            assert [type(result) for result in cases(small())[rule.id].result] == ([kind] if kind else [])


def test_a_failure_has_reason_and_numbers() -> None:
    (failure,) = cases(small())["fairness.disparate_impact[attribute=sex]"].result
    for part in (
        "is 0.510. 95 % interval 0.456 to 0.564",
        "5,421 rows",
        "0.290 below the limit",
        "1 of 1 measurement breaks",
    ):
        assert part in failure.message and part in failure.text


def test_of_several_values_the_first_is_in_the_message_and_each_other_has_a_line() -> None:
    (error,) = cases(small())["fairness.disparate_impact[attribute=race]"].result
    assert "race: Black against" in error.message
    assert [line.partition(" against")[0] for line in error.text.splitlines()[1:]] == [
        "race: Asian-Pac-Islander",
        "left out by gate.min_rows: race: Other",
        "left out by gate.min_rows: race: Amer-Indian-Eskimo",
    ]


def test_an_undecided_rule_says_what_it_needs() -> None:
    rule = replace(
        rules()[2], needs=["about 320 more rows of Black would show that the value is within the limit"]
    )
    (error,) = cases(replace(small(), rules=[rule]))[rule.id].result
    assert error.text.endswith(
        "\nTo decide it: about 320 more rows of Black would show that the value is within the limit."
    )


def test_a_waived_rule_is_skipped_with_reason_owner_and_date() -> None:
    (skipped,) = cases(small())["fairness.equal_opportunity_difference"].result
    assert "Waived by Ana until 2027-01-31: Retraining is planned." in skipped.message


def test_a_crashed_check_is_an_error_of_its_own() -> None:
    (error,) = cases(small())["the check robustness"].result
    assert isinstance(error, Error)
    assert error.message == "The check robustness crashed: ValueError: shapes (3,) and (4,) differ."


def test_a_skipped_check_is_skipped_unless_a_rule_is_about_it() -> None:
    (skipped,) = cases(small())["the check explainability"].result
    assert isinstance(skipped, Skipped) and "the model has one input" in skipped.message
    rule = replace(rules()[-1], id="x", metric="explainability.protected_share")
    with_rule = cases(replace(small(), rules=[*small().rules, rule]))
    assert "the check explainability" not in with_rule and isinstance(with_rule["x"].result[0], Error)


def _counts(report: Report) -> tuple[int, int, int, int]:
    xml = read(report)
    sums = tuple(sum(getattr(suite, key) for suite in xml) for key in ("tests", "failures", "errors"))
    assert sums == (xml.tests, xml.failures, xml.errors)
    return *sums, sum(suite.skipped for suite in xml)


def test_counts() -> None:
    assert _counts(small()) == (7, 1, 3, 2)
    assert _counts(passing()) == (2, 0, 0, 0)
    assert _counts(replace(small(), verdict="fail", rules=[], checks=[])) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    "report",
    [
        replace(inconclusive(), checks=small().checks[:2]),
        replace(
            small(), verdict="inconclusive", reason="every rule is waived", rules=[rules()[3]], checks=[]
        ),
        replace(passing(), verdict="inconclusive", reason="no rule is on the model"),
        replace(inconclusive(), checks=[]),
    ],
)
def test_a_verdict_that_no_rule_explains_is_an_error_of_the_gate(report: Report) -> None:
    found = cases(report)["verdict"].result
    assert [type(result) for result in found] == [Error] and report.reason.lower() in found[0].message.lower()
    assert "gate" in [suite.name for suite in read(report)]


def test_the_rule_on_the_number_of_audits_has_the_gates_suite() -> None:
    rule = RuleResult(
        id=MAX_AUDITS, metric="gate.audits", where={}, limit={"at_most": 5}, status="fail", reason="7 of 5"
    )
    suites = {suite.name: [case.name for case in suite] for suite in read(replace(small(), rules=[rule]))}
    assert suites["gate"] == [MAX_AUDITS]


def test_a_rule_of_a_check_that_did_not_run_has_its_suite() -> None:
    suites = {suite.name: [c.name for c in suite] for suite in read(replace(small(), checks=[]))}
    assert suites["robustness"] == ["robustness.adversarial_accuracy[attack=fgsm]"]


def test_each_suite_identifies_the_audit() -> None:
    for suite in read(small()):
        properties = {each.name: each.value for each in suite.properties()}  # type: ignore[no-untyped-call]
        assert properties["verdict"] == "fail"
        for part in ("model", "data", "policy"):
            assert properties[f"{part}_digest"] == getattr(small(), part).digest


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_text(name: str) -> None:
    text = render(named(NAMES[name]))
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]", text
    )
    by_id = cases(named(NAMES[name]))
    assert len([id for id in by_id if id[-1] in "01234" and not id.startswith("the check ")]) == 5
    if name in ("markup", "end of a section", "table", "link", "quotes", "emoji"):
        assert f"{NAMES[name]}0" in by_id


def test_the_whole_hostile_file() -> None:
    require_golden(render(named("".join(v for k, v in NAMES.items() if k != "long"))), "hostile.junit.xml")


@settings(max_examples=200)
@given(reports())
def test_any_report_is_valid(report: Report) -> None:
    xml = read(report)
    of_rules = [case for suite in xml for case in suite if not case.name.startswith("the check ")]
    assert len(of_rules) - len(report.rules) in (0, 1)


def test_times_are_those_of_the_checks_and_nothing_else_depends_on_the_run() -> None:
    report = replace(small(), run={"started": "2026-11-02T09:00:00Z", "seconds": {"fairness": 1234.5678}})
    assert {suite.name: suite.time for suite in read(report)}["fairness"] == 1234.568
    odd = replace(
        small(), run={"started": None, "seconds": {"fairness": "soon", "performance": float("nan")}}
    )
    read(odd)


def test_a_check_of_a_strange_name_crashes_once() -> None:
    crashed = CheckResult(name="a\x00b", status="crashed", reason=None)
    assert _counts(replace(passing(), verdict="inconclusive", checks=[crashed])) == (3, 0, 1, 0)


def test_of_two_checks_of_one_name_the_crash_is_an_error() -> None:
    """As an edited report may have them: the second must not hide it."""
    crashed = CheckResult(name="fairness", status="crashed", reason="boom")
    checks = [crashed, CheckResult(name="fairness", status="measured")]
    root = ET.fromstring(render(replace(passing(), verdict="inconclusive", rules=[], checks=checks)))
    assert root.attrib["errors"] == "1"
