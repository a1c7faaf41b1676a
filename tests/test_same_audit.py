"""Which policies may decide on a report: its own, unedited, and those that ask for what was measured."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import audit
from audit import registry
from audit.errors import AuditError
from audit.policy import policy_from
from audit.result import Report

from .audits import people, run
from .conftest import Models

ROWS = {"metric": "performance.rows", "at_least": 1}


@pytest.fixture(scope="module")
def report(model: Models, tmp_path_factory: pytest.TempPathFactory) -> Report:
    protected = {"sex": {"privileged": "Male"}}
    return run(people(400, 0), model("given"), tmp_path_factory.mktemp("same"), protected=protected)


def changed(report: Report, **sections: dict[str, Any]) -> dict[str, Any]:
    effective: dict[str, Any] = dict(report.policy.effective)
    return {**effective, **{name: {**effective[name], **keys} for name, keys in sections.items()}}


def test_gate_waivers_and_paths_may_differ(report: Report) -> None:
    elsewhere = {"model": {"path": "elsewhere"}, "data": {"path": "x.csv"}}
    other = changed(report, gate={"rules": [ROWS], "confidence": 0.9}, **elsewhere)
    assert audit.decide(report, other).verdict == "pass"


@pytest.mark.parametrize(
    ("section", "keys", "named"),
    [
        ("data", {"threshold": 0.4}, "data.threshold"),
        ("data", {"protected": {"sex": {"privileged": ["Female"]}}}, "data.protected.sex.privileged"),
        ("data", {"label": "other"}, "data.label"),
        ("model", {"signature": "other"}, "model.signature"),
    ],
)
def test_another_audit_is_refused_by_its_key(
    report: Report, section: str, keys: dict[str, Any], named: str
) -> None:
    with pytest.raises(AuditError) as error:
        audit.decide(report, changed(report, **{section: keys}))
    assert error.value.where == f"policy: {named}"


def test_an_edited_policy_is_refused(report: Report) -> None:
    edited = replace(report.policy, effective=changed(report, gate={"min_rows": 10**6}))
    with pytest.raises(AuditError, match="edited"):
        audit.decide(replace(report, policy=edited))


def test_what_is_installed_by_now_does_not_matter(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    before = audit.decide(report)
    monkeypatch.setattr(registry, "installed", dict)
    assert audit.decide(report) == before


def test_a_check_that_is_turned_off_by_now_may_be_missing(report: Report) -> None:
    content = changed(report, checks={"fairness": False}, gate={"rules": [ROWS]})
    assert policy_from(content).checks["fairness"] is False
    assert audit.decide(report, content).verdict == "pass"
