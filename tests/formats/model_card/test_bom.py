"""`model-card.cdx.json`: valid CycloneDX, with the report's own numbers, whatever the names are."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings

from audit.formats.model_card.bom import render
from audit.result import BackgroundFacts, Measurement, Report

from ..any_report import forged_reports, reports
from ..html.hostile import HOSTILE, hostile
from ..html.large import large
from ..html.samples import full, inconclusive, passing, small
from ..samples import decided_report

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = {
    "small": small,
    "full": full,
    "passing": passing,
    "inconclusive": inconclusive,
    "large": large,
    "decided": decided_report,
    "hostile": hostile,
}
VALIDATORS = [JsonStrictValidator(version) for version in (SchemaVersion.V1_6, SchemaVersion.V1_7)]
ABOUT = {
    "name": "Income",
    "owner": "risk@example.org",
    "intended_use": "Shortlist",
    "limitations": "Census of 1994",
}
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def document(report: Report) -> dict:
    text = render(report)
    assert [validator.validate_str(text) for validator in VALIDATORS] == [None, None]
    content: dict = json.loads(text)
    return content


def properties(component: dict) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for entry in component["properties"]:
        named.setdefault(entry["name"].removeprefix("savedmodel-audit:"), []).append(entry["value"])
    return named


def model_of(report: Report) -> dict:
    component: dict = document(report)["metadata"]["component"]
    return component


def described(report: Report) -> Report:
    """The report with a policy that says what the model is for."""
    return replace(
        report, policy=replace(report.policy, effective={**report.policy.effective, "about": ABOUT})
    )


def test_the_card_is_the_golden_file() -> None:
    """Written anew by ``AUDIT_WRITE_GOLDEN=1 pytest tests/formats/model_card``; look at the difference."""
    text = render(described(small()))
    file = GOLDEN / "small.cdx.json"
    if os.environ.get("AUDIT_WRITE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SAMPLES)
def test_the_strict_validators_find_nothing(name: str) -> None:
    content = document(SAMPLES[name]())
    assert (content["bomFormat"], content["specVersion"]) == ("CycloneDX", "1.6")
    assert not any(HIDDEN.search(text) for text in _texts(content))


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from (key, *_texts(value))
    elif isinstance(content, list):
        for value in content:
            yield from _texts(value)
    elif isinstance(content, str):
        yield content


def test_hostile_names_are_shown_and_none_is_endless() -> None:
    texts = list(_texts(document(hostile())))
    assert HOSTILE[0] in texts and "\\u202egpj.exe" in "".join(texts)
    assert max(map(len, texts)) < 20_000


@given(reports() | forged_reports)
@settings(max_examples=50)
def test_the_verdict_and_each_rule_are_what_they_are(report: Report) -> None:
    model = model_of(report)
    assert properties(model)["verdict"] == [report.verdict]
    statuses = [value.partition(":")[0] for value in properties(model["modelCard"]).get("rule", [])]
    assert statuses == [rule.status for rule in report.rules]


@pytest.mark.parametrize("name", ["small", "full", "decided"])
def test_every_measurement_is_a_metric_with_its_slice_and_interval(name: str) -> None:
    report = SAMPLES[name]()
    metrics = model_of(report)["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    measured = [m for check in report.checks for m in check.measurements]
    for metric, m in zip(metrics, measured, strict=True):
        assert metric["type"] == m.metric and _same(float(metric["value"]), m.value)
        assert ("slice" in metric) == bool(m.where)
        assert all(str(value) in metric["slice"] for key, value in m.where.items() if key != "attribute")
        bounds = metric.get("confidenceInterval")
        assert (bounds is None) == (m.ci is None)
        if bounds and m.ci:
            assert all(map(_same, map(float, (bounds["lowerBound"], bounds["upperBound"])), m.ci))


def _same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def test_slices_that_differ_in_type_only_stay_apart() -> None:
    whole = Measurement(metric="performance.x", value=1.0, n=1, method="exact")
    values = [1, 1.0, True]
    check = replace(
        small().checks[0], measurements=[replace(whole, where={"eps": value}) for value in values]
    )
    metrics = model_of(replace(small(), checks=[check]))["modelCard"]["quantitativeAnalysis"][
        "performanceMetrics"
    ]
    assert [metric["slice"] for metric in metrics] == ["eps 1", "eps 1.0", "eps true"]


def test_what_the_policy_says_of_the_model_is_where_readers_look_for_it() -> None:
    model = model_of(described(small()))
    considerations = model["modelCard"]["considerations"]
    assert model["name"] == "Income"
    assert model["supplier"] == {"name": "risk@example.org", "contact": [{"email": "risk@example.org"}]}
    assert considerations["useCases"] == ["Shortlist"]
    assert considerations["technicalLimitations"][0] == "Census of 1994"


def test_without_words_on_the_model_nothing_is_made_up() -> None:
    model = model_of(passing())
    assert model["name"] == "3" and "supplier" not in model
    assert set(model["modelCard"]["considerations"]) == {"fairnessAssessments"}


def test_each_group_at_risk_is_assessed_by_what_was_measured_of_it() -> None:
    assessments = model_of(small())["modelCard"]["considerations"]["fairnessAssessments"]
    harms = {assessment["groupAtRisk"]: assessment["harms"] for assessment in assessments}
    assert list(harms) == [
        *(
            "sex: Female",
            "race: Black",
            "race: Asian-Pac-Islander",
            "race: Amer-Indian-Eskimo",
            "race: Other",
        ),
    ]
    sentence = (
        "fairness.disparate_impact (against Male): 0.510 (0.456 to 0.564), n 5,421, outside: 0.290 below the limit; "
        "the rule fairness.disparate_impact[attribute=sex] (at least 0.8 and at most 1.25) does not hold."
    )
    assert harms["sex: Female"].startswith(sentence)
    assert "was not decided on it" in harms["race: Other"]
    assert model_of(inconclusive())["modelCard"]["considerations"]["fairnessAssessments"][0]["harms"] == (
        "No rule of the policy is on this group."
    )


def test_a_rule_that_other_groups_break_does_not_hold_as_a_whole() -> None:
    report = small()
    failed = [replace(r, status="fail") if r.where.get("attribute") == "race" else r for r in report.rules]
    card = model_of(replace(report, rules=failed))["modelCard"]
    harms = {a["groupAtRisk"]: a["harms"] for a in card["considerations"]["fairnessAssessments"]}
    assert "0.160 inside" in harms["race: Asian-Pac-Islander"]
    assert "(at least 0.8 and at most 1.25) does not hold as a whole." in harms["race: Asian-Pac-Islander"]
    assert "does not hold." in harms["sex: Female"]


@pytest.mark.parametrize("name", SAMPLES)
def test_it_never_says_that_a_model_is_fair_or_safe(name: str) -> None:
    assert not re.search(r"\bis (fair|safe|robust|unbiased)\b", render(SAMPLES[name]()))


def test_model_and_data_are_identified_by_their_digests() -> None:
    report = replace(small(), baseline=small().model)
    report = replace(
        report, data=replace(report.data, background=BackgroundFacts(path="b.csv", digest="sha256:00"))
    )
    content = document(report)
    model = content["metadata"]["component"]
    components = {component["bom-ref"]: component for component in content["components"]}
    assert model["hashes"] == [{"alg": "SHA-256", "content": "3f" * 32}] == components["baseline"]["hashes"]
    assert properties(model)["model:digest"] == ["sha256:" + "3f" * 32]
    assert components["data"]["hashes"] == [{"alg": "SHA-256", "content": "a1" * 32}]
    assert "hashes" not in components["background"]
    refs = [entry["ref"] for entry in model["modelCard"]["modelParameters"]["datasets"]]
    assert refs == ["data", "background"] and set(refs) <= set(components)


def test_versions_are_those_of_the_tools_and_not_of_the_model() -> None:
    content = document(small())
    tools = {tool["name"]: tool for tool in content["metadata"]["tools"]["components"]}
    assert tools["savedmodel-audit"]["version"] == "0.1.0"
    assert tools["tensorflow"]["purl"] == "pkg:pypi/tensorflow@2.21.0"
    assert {"seed", "date"}.isdisjoint(tools)
    assert [component["type"] for component in content["components"]] == ["data"]


def test_only_the_time_depends_on_the_run() -> None:
    one = document(small())
    other = document(replace(small(), run={"started": "2027-01-01T00:00:00+00:00", "seconds": {"load": 9.0}}))
    none = document(replace(small(), run={}))
    assert one["metadata"].pop("timestamp") == "2026-11-02T09:00:00Z"
    assert other["metadata"].pop("timestamp") == "2027-01-01T00:00:00+00:00"
    assert one == other == none
    changed = document(replace(small(), verdict="inconclusive"))
    assert changed["serialNumber"] != one["serialNumber"]
