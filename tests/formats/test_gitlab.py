"""`gl-code-quality.json`: the fields that GitLab documents, and fingerprints that tell issues apart."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from audit.formats.gitlab import render
from audit.result import Report

from .any_report import forged_reports, reports
from .golden_files import require_golden
from .hostile_names import NAMES, named
from .html.samples import inconclusive, passing, small


def read(report: Report) -> list[dict[str, Any]]:
    """Return the entries, which have exactly the documented fields."""
    entries = json.loads(render(report))
    for entry in entries:
        assert entry.keys() == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert entry["location"].keys() == {"path", "lines"} and entry["location"]["lines"].keys() == {
            "begin"
        }
        assert entry["location"]["path"] and entry["location"]["lines"]["begin"] >= 1
        assert (
            entry["description"]
            and entry["check_name"]
            and re.fullmatch("[0-9a-f]{64}", entry["fingerprint"])
        )
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)
    return list(entries)


def test_the_whole_file() -> None:
    require_golden(render(small()), "small.gl-code-quality.json")


def test_severity_follows_the_status_and_what_holds_is_not_listed() -> None:
    severity = {entry["check_name"]: entry["severity"] for entry in read(small())}
    assert severity == {
        "fairness.disparate_impact[attribute=sex]": "blocker",
        "fairness.disparate_impact[attribute=race]": "major",
        "fairness.equal_opportunity_difference": "info",
        "robustness.adversarial_accuracy[attack=fgsm]": "major",
        "check-crashed": "critical",
    }


def test_the_list_is_empty_for_a_pass() -> None:
    assert render(passing()) == "[]\n"
    assert [entry["check_name"] for entry in read(replace(inconclusive(), checks=[]))] == ["verdict"]


def test_the_place_is_the_rules_line_in_the_policy() -> None:
    lines = {"fairness.disparate_impact[attribute=sex]": 14}
    policy = replace(small().policy, path="./ci/audit.yaml")
    report = replace(small(), policy=policy, run={**small().run, "rule_lines": lines})
    places = {entry["check_name"]: entry["location"] for entry in read(report)}
    assert places["fairness.disparate_impact[attribute=sex]"] == {
        "path": "ci/audit.yaml",
        "lines": {"begin": 14},
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_text(name: str) -> None:
    text = render(named(NAMES[name]))
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]", text
    )
    assert len(read(named(NAMES[name]))) == 6
    assert all(len(entry["check_name"]) <= 255 for entry in read(named(NAMES[name])))


def test_the_whole_hostile_file() -> None:
    require_golden(
        render(named("".join(v for k, v in NAMES.items() if k != "long"))), "hostile.gl-code-quality.json"
    )


@settings(max_examples=200)
@given(reports() | forged_reports)
def test_any_report_has_the_documented_fields_and_is_empty_for_a_pass_only(report: Report) -> None:
    assert read(report) or report.verdict == "pass"


def test_names_that_differ_in_what_cannot_be_encoded_have_their_own_fingerprints() -> None:
    names = ("\ud800", r"\ud800", "\udc80", r"\udc80", "a", "a\u200b", r"a\u200b", "a\0", "verdict", "gate")
    decided = [replace(small().rules[0], id=name, status="fail") for name in names]
    assert len(read(replace(small(), rules=decided))) == len(names) + 1  # and the check that crashed
