"""Deciding again does not depend on which checks are installed by now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import audit
from audit.check import entry_points, policy_from
from audit.errors import AuditError
from audit.policy.model import policy_digest
from audit.result import Report

from ..audits import people, run
from ..conftest import Models

ACCURACY = {"metric": "performance.accuracy", "at_least": 0.1}


@pytest.fixture(scope="module")
def report(model: Models, tmp_path_factory: pytest.TempPathFactory) -> Report:
    protected = {"sex": {"privileged": "Male"}}
    return run(people(400, 0), model("given"), tmp_path_factory.mktemp("same"), protected=protected)


def changed(report: Report, **sections: dict[str, Any]) -> dict[str, Any]:
    effective: dict[str, Any] = dict(report.policy.effective)
    return {**effective, **{name: {**effective[name], **keys} for name, keys in sections.items()}}


def test_what_is_installed_by_now_does_not_matter(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    before = audit.decide(report)
    monkeypatch.setattr(entry_points, "installed", dict)
    assert audit.decide(report) == before


def test_a_check_that_is_turned_off_by_now_may_be_missing(report: Report) -> None:
    content = changed(report, checks={"fairness": False}, gate={"rules": [ACCURACY]})
    assert policy_from(content).checks["fairness"] is False
    assert audit.decide(report, content).verdict == "pass"


def test_a_policy_of_an_older_version_is_taken_as_it_was_recorded(report: Report) -> None:
    """Keys that came later have their defaults: the recorded digest is that of what stands there."""
    older = {key: value for key, value in report.policy.effective.items() if key != "report"}
    recorded = replace(report.policy, effective=older, digest=policy_digest(older))
    assert audit.decide(replace(report, policy=recorded)) == audit.decide(report)


@pytest.mark.parametrize("section", ["gate", "waivers", "report"])
def test_a_recorded_policy_that_was_edited_is_refused(report: Report, section: str) -> None:
    edited = {key: value for key, value in report.policy.effective.items() if key != section}
    with pytest.raises(AuditError, match="the report was edited"):
        audit.decide(replace(report, policy=replace(report.policy, effective=edited)))


def test_what_the_report_shows_may_differ(report: Report) -> None:
    assert audit.decide(report, {**report.policy.effective, "report": {"rows": "none"}}) == audit.decide(
        report
    )


def test_the_background_may_lie_elsewhere_but_not_come_or_go(report: Report) -> None:
    """Attributions with another background are other numbers, as `audit gate` cannot make."""
    with_one = changed(report, data={"background": "train.csv"})
    with pytest.raises(AuditError, match=r"policy: data\.background"):
        audit.decide(report, with_one)
    recorded = replace(report.policy, effective=with_one, digest=policy_digest(with_one))
    measured = replace(report, policy=recorded)
    moved = changed(measured, data={"background": "../train.csv"})
    assert audit.decide(measured, moved) == audit.decide(measured)
    with pytest.raises(AuditError, match=r"policy: data\.background"):
        audit.decide(measured, report.policy.effective)
