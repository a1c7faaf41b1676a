"""`results.sarif`: valid by the official schema, and read as code scanning on GitHub reads it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from jsonschema import Draft4Validator, FormatChecker

from audit.cli.exit_codes import VERDICTS
from audit.formats.sarif import EXIT_CODES, render
from audit.result import CheckResult, MetricFacts, Report

from .any_report import reports
from .golden_files import require_golden
from .hostile_names import NAMES, named
from .html.samples import full, inconclusive, passing, rules, small

SCHEMAS = Path(__file__).parent / "schemas"
LINES = {"fairness.disparate_impact[attribute=sex]": 14, "fairness.equal_opportunity_difference": 17}


@cache
def validator() -> Draft4Validator:
    schema = json.loads((SCHEMAS / "sarif-schema-2.1.0.json").read_text("utf-8"))
    Draft4Validator.check_schema(schema)
    return Draft4Validator(schema, format_checker=FormatChecker(["uri", "uri-reference", "date-time"]))


def read(report: Report) -> dict[str, Any]:
    """Return the run of the file, once it is valid."""
    log = json.loads(render(report))
    validator().validate(log)
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    return dict(run)


def results(report: Report) -> dict[str, dict[str, Any]]:
    return {result["ruleId"]: result for result in read(report)["results"]}


def test_the_schema_would_refuse_what_is_wrong() -> None:
    log = json.loads(render(small()))
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert not validator().is_valid(log)
    log = json.loads(render(small()))
    log["runs"][0]["tool"]["driver"]["rules"][0]["helpUri"] = "not an address"
    assert not validator().is_valid(log)


def test_the_whole_file() -> None:
    require_golden(render(small()), "small.results.sarif")


@pytest.mark.parametrize(
    ("status", "level"), [("fail", "error"), ("inconclusive", "warning"), ("waived", "note"), ("pass", None)]
)
def test_each_status_has_its_level(status: str, level: str | None) -> None:
    by_id = results(small())
    for rule in small().rules:
        if rule.status == status:
            assert by_id.get(rule.id, {}).get("level") == level


def test_a_result_is_a_problem_whatever_reads_it() -> None:
    """GitHub shows every result as an alert; a level other than none needs the kind fail (3.27.10)."""
    assert {result["kind"] for result in read(small())["results"]} == {"fail"}
    assert read(passing())["results"] == []


def test_a_result_points_at_its_rule_in_the_policy_file() -> None:
    report = replace(small(), run={**small().run, "rule_lines": LINES})
    for id, line in LINES.items():
        (location,) = results(report)[id]["locations"]
        place = location["physicalLocation"]
        assert place["artifactLocation"] == {"uri": "audit.yaml", "uriBaseId": "%SRCROOT%"}
        assert place["region"] == {"startLine": line}
    for result in read(small())["results"]:  # without lines
        assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    assert "%SRCROOT%" in read(report)["originalUriBaseIds"]


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("./ci/my audit.yaml", "ci/my%20audit.yaml"),
        ("a:b/100%.yaml", "a%3Ab/100%25.yaml"),
        ("/srv/repo/audit.yaml", "file:///srv/repo/audit.yaml"),
        ("né.yaml", "n%C3%A9.yaml"),
        ("n\udce9.yaml", "n%E9.yaml"),
        ("#?.yaml", "%23%3F.yaml"),
        (None, "models/income/3"),
    ],
)
def test_paths_are_addresses(path: str | None, uri: str) -> None:
    report = replace(small(), policy=replace(small().policy, path=path))
    for result in read(report)["results"]:
        artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert artifact["uri"] == uri
        assert ("uriBaseId" in artifact) == (not uri.startswith("file:"))


def test_a_waiver_is_a_suppression_with_its_terms() -> None:
    waived = results(small())["fairness.equal_opportunity_difference"]
    (suppression,) = waived["suppressions"]
    assert suppression["kind"] == "external"
    for part in ("Ana", "2027-01-31", "Retraining is planned."):
        assert part in suppression["justification"]
    assert [id for id, result in results(small()).items() if "suppressions" in result] == [waived["ruleId"]]


def test_a_crashed_check_is_a_failed_execution_and_a_result() -> None:
    (invocation,) = read(small())["invocations"]
    assert invocation["executionSuccessful"] is False
    errors = [n for n in invocation["toolExecutionNotifications"] if n["level"] == "error"]
    assert [n["message"]["text"] for n in errors] == [results(small())["check-crashed"]["message"]["text"]]
    assert "ValueError: shapes (3,) and (4,) differ" in errors[0]["message"]["text"]
    assert results(small())["check-crashed"]["level"] == "error"


def test_what_did_not_run_and_what_to_know_are_notifications() -> None:
    report = replace(small(), warnings=["the limit holds for every model"], superseded="stored verdict: pass")
    (invocation,) = read(report)["invocations"]
    by_level: dict[str, list[str]] = {}
    for note in invocation["toolExecutionNotifications"]:
        by_level.setdefault(note["level"], []).append(note["message"]["text"])
    assert by_level["note"] == ["The check explainability was skipped: the model has one input."]
    assert by_level["warning"] == ["Stored verdict: pass.", "The limit holds for every model."]


@pytest.mark.parametrize("report", [small(), passing(), inconclusive()])
def test_the_invocation_ends_as_the_command_does(report: Report) -> None:
    (invocation,) = read(report)["invocations"]
    assert invocation["exitCode"] == VERDICTS[report.verdict] == EXIT_CODES[report.verdict]
    assert invocation["exitCodeDescription"] == f"{report.verdict}: {report.reason}"
    assert invocation["commandLine"] == report.policy.command


def test_every_verdict_has_an_exit_code() -> None:
    assert EXIT_CODES == VERDICTS


def test_each_metric_has_help_and_an_address() -> None:
    described = {rule["id"]: rule for rule in read(full())["tool"]["driver"]["rules"]}
    for rule in full().rules:
        text = described[rule.id]["help"]["text"]
        assert "must be" in text and described[rule.id]["helpUri"].startswith("https://")
    impact = described["fairness.disparate_impact[attribute=sex]"]
    assert "Selection rate of the unprivileged group" in impact["help"]["text"]
    assert impact["helpUri"].endswith("#aif360.metrics.ClassificationMetric.disparate_impact")


@pytest.mark.parametrize(
    ("link", "address"),
    [("https://example.org/a?b=c", "https://example.org/a?b=c"), ("javascript:alert(1)", None), (None, None),
     ("https://e/\n", None), ("https://e/<script>", None)],
)  # fmt: skip
def test_a_plug_ins_metric_has_the_address_that_it_names(link: str | None, address: str | None) -> None:
    facts = {"novelty.share": MetricFacts(about="A share.", link=link)}
    check = CheckResult(name="novelty", status="measured", metrics=facts)
    rule = replace(rules()[1], id="n", metric="novelty.share", measurements=[])
    (described,) = read(replace(small(), rules=[rule], checks=[check]))["tool"]["driver"]["rules"]
    assert described.get("helpUri") == address and "A share." in described["help"]["text"]


def test_fingerprints_are_those_of_the_rule_and_stay() -> None:
    def marks(report: Report) -> dict[str, str]:
        return {id: result["partialFingerprints"]["auditIssue/v1"] for id, result in results(report).items()}

    moved = [
        replace(rule, reason="another", status="fail", measurements=[], limit={"at_least": 0.1}, waiver=None)
        for rule in reversed(small().rules)
    ]
    later = replace(
        small(),
        rules=moved,
        run={"started": "later", "rule_lines": LINES},
        model=replace(small().model, path="models/income/4", digest="sha256:00"),
    )
    before = marks(small())
    assert len(set(before.values())) == len(before) and before.items() <= marks(later).items()
    other = replace(small(), policy=replace(small().policy, path="other.yaml"))
    assert not set(marks(other).values()) & set(before.values())


def test_results_and_rules_refer_to_each_other() -> None:
    run = read(small())
    described = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in described}) == len(described)
    for result in run["results"]:
        assert described[result["ruleIndex"]]["id"] == result["ruleId"]


def test_an_undecided_verdict_without_a_rule_is_a_warning_and_another_an_error() -> None:
    bare = replace(inconclusive(), checks=[])
    assert results(bare)["verdict"]["level"] == "warning"
    assert results(replace(bare, verdict="fail"))["verdict"]["level"] == "error"


def test_a_rule_may_have_the_id_of_what_has_no_rule() -> None:
    report = replace(small(), rules=[replace(rules()[1], id="check-crashed")])
    run = read(report)
    described = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in described}) == len(described)
    assert len({result["partialFingerprints"]["auditIssue/v1"] for result in run["results"]}) == 2


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_text(name: str) -> None:
    text = render(named(NAMES[name]))
    read(named(NAMES[name]))
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]", text
    )
    for message in _messages(json.loads(text)):
        assert "](" not in message, "an embedded link (3.11.6)"
        assert "{" not in message.replace("{{", "") and "}" not in message.replace("}}", ""), "3.11.5"


def _messages(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _messages(item)]
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        return own + [text for item in value.values() for text in _messages(item)]
    return []


def test_descriptions_are_as_short_as_github_asks() -> None:
    for rule in read(named(NAMES["long"]))["tool"]["driver"]["rules"]:
        assert len(rule["name"]) <= 255
        texts = [rule[key]["text"] for key in ("shortDescription", "fullDescription") if key in rule]
        assert max(map(len, texts)) <= 1024


def test_the_whole_hostile_file() -> None:
    require_golden(
        render(named("".join(v for k, v in NAMES.items() if k != "long"))), "hostile.results.sarif"
    )


@settings(max_examples=200)
@given(reports())
def test_any_report_is_valid(report: Report) -> None:
    run = read(report)
    marks = [result["partialFingerprints"]["auditIssue/v1"] for result in run["results"]]
    assert len(set(marks)) == len(marks)
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert place["region"]["startLine"] >= 1 and unquote(place["artifactLocation"]["uri"])
