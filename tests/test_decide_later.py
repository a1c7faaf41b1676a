"""Deciding again does not depend on which checks are installed by now."""

from __future__ import annotations

from typing import Any

import pytest

import audit
from audit import registry
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


def test_what_is_installed_by_now_does_not_matter(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    before = audit.decide(report)
    monkeypatch.setattr(registry, "installed", dict)
    assert audit.decide(report) == before


def test_a_check_that_is_turned_off_by_now_may_be_missing(report: Report) -> None:
    content = changed(report, checks={"fairness": False}, gate={"rules": [ROWS]})
    assert policy_from(content).checks["fairness"] is False
    assert audit.decide(report, content).verdict == "pass"
