"""Nothing but a verdict of pass is shown as success, and a pass never as a failure, whatever the statuses are."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings

from audit.formats.registry import FORMATS
from audit.result import Report

from .any_report import forged_reports, reports
from .html.samples import passing


def _junit(text: str) -> bool:
    """Whether a CI system that adds up the suites, or reads the sums, sees no failure and no error."""
    root = ET.fromstring(text)
    sums = {sum(int(suite.attrib[key]) for suite in root) for key in ("failures", "errors")}
    listed = root.findall(".//failure") + root.findall(".//error")
    sees = {sums == {0}, int(root.attrib["failures"]) + int(root.attrib["errors"]) == 0, not listed}
    assert len(sees) == 1
    return sees.pop()


def _sarif(text: str) -> bool:
    """Whether no result is a problem; one without a level is a warning."""
    (run,) = json.loads(text)["runs"]
    return not [r for r in run["results"] if r.get("level", "warning") in ("error", "warning")]


def _gitlab(text: str) -> bool:
    return not [entry for entry in json.loads(text) if entry["severity"] != "info"]


def _markdown(text: str) -> bool:
    return "PASS" in text.splitlines()[0]


def _model_card(text: str) -> bool:
    properties = json.loads(text)["metadata"]["component"]["properties"]
    return [p["value"] for p in properties if p["name"] == "savedmodel-audit:verdict"] == ["pass"]


def _html(text: str) -> bool:
    return "<title>PASS:" in text


SUCCESS: dict[str, Callable[[str], bool]] = {
    "html": _html,
    "junit": _junit,
    "sarif": _sarif,
    "markdown": _markdown,
    "gitlab": _gitlab,
    "model-card": _model_card,
}
"""Whether a format shows success, read as its consumers read it."""


def _examples(name: str) -> int:
    return 20 if name == "html" else 200  # a page takes a hundred times as long as any other format


def test_every_format_is_read() -> None:
    assert SUCCESS.keys() == FORMATS.keys()


@pytest.mark.parametrize("name", SUCCESS)
def test_success_is_a_pass_and_a_pass_is_success(name: str) -> None:
    @settings(max_examples=_examples(name))
    @given(reports())
    def tried(report: Report) -> None:
        assert SUCCESS[name](FORMATS[name].render(report)) == (report.verdict == "pass")

    tried()


@pytest.mark.parametrize("name", SUCCESS)
def test_no_other_verdict_is_success_whatever_its_rules_say(name: str) -> None:
    @settings(max_examples=_examples(name))
    @given(forged_reports)
    def tried(report: Report) -> None:
        assert not SUCCESS[name](FORMATS[name].render(report))

    tried()


@pytest.mark.parametrize("name", SUCCESS)
def test_every_format_says_that_an_older_version_decided(name: str) -> None:
    older = replace(passing(), superseded="This report was decided by version 1 of the decision rules")
    text = FORMATS[name].render(older)
    assert "decided by version 1 of the decision rules" in text and SUCCESS[name](text)
