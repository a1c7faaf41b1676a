"""`audit gate` decides again on what was measured, and on nothing that was not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import audit
from audit.cli import main
from audit.errors import AuditError
from audit.formats.json import read_report

from ..conftest import Models
from .kit import Kit

Change = Callable[[dict[str, Any]], object]
IMPACT = {"metric": "fairness.disparate_impact", "where": {"attribute": "sex"}, "at_least": 0.1}


@pytest.fixture(scope="module")
def audited(model: Models, tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """An audit that passes, on disk."""
    kit = Kit(tmp_path_factory.mktemp("audited"), model)
    assert main([*kit.write(), "--quiet"]) == 0
    return kit


def gated(kit: Kit, folder: Path, change: Change) -> list[str]:
    """Return the arguments that decide on the measurements of ``kit`` under its policy, changed."""
    policy = copy.deepcopy(kit.policy)
    change(policy)
    YAML().dump(policy, folder / "other.yaml")
    return ["gate", str(kit.out / "report.json"), "--policy", str(folder / "other.yaml")]


OTHER_AUDITS: dict[str, Change] = {
    "data.label": lambda p: p["data"].update(label="race"),
    "data.favorable": lambda p: p["data"].update(favorable=0),
    "data.threshold": lambda p: p["data"].update(threshold=0.9),
    "data.weight": lambda p: p["data"].update(weight="a"),
    "data.cluster": lambda p: p["data"].update(cluster="race"),
    "data.missing": lambda p: p["data"].update(missing={"a": 0}),
    "data.protected.sex.privileged": lambda p: p["data"]["protected"]["sex"].update(privileged="Female"),
    "data.protected.race": lambda p: p["data"]["protected"].update(race={"privileged": "White"}),
    "model.signature": lambda p: p["model"].update(signature="other"),
    "model.output": lambda p: p["model"].update(output="logits"),
    "model.classes": lambda p: p["model"].update(classes=[1, 0]),
    "model.inputs": lambda p: p["model"].update(inputs={"x": ["b", "a"]}),
}


@pytest.mark.parametrize("key", OTHER_AUDITS)
def test_a_policy_that_asks_for_another_audit_is_refused(
    audited: Kit, tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    assert main(gated(audited, tmp_path, OTHER_AUDITS[key])) == 2
    out, err = capsys.readouterr()
    assert f"policy: {key}" in err and "expected: what was measured: " in err and "  found: " in err
    assert "run the audit under this policy" in err and out == ""
    with pytest.raises(AuditError, match="what was measured"):
        audit.decide(read_report(audited.out / "report.json"), tmp_path / "other.yaml")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda p: None, 0),
        (lambda p: (p["model"].update(path="moved"), p["data"].update(path="moved")), 0),
        (lambda p: p["gate"].update(rules=[IMPACT]), 0),
        (lambda p: p["gate"].update(rules=[{**IMPACT, "at_least": 10}]), 1),
        (lambda p: p["gate"].update(rules=[IMPACT], min_rows=1000), 3),
        (lambda p: p["gate"].update(confidence=0.99), 0),
        (lambda p: p["checks"].update(fairness=False) or p["gate"]["rules"].pop(), 0),
        (
            lambda p: p.update(
                gate={"rules": [IMPACT, {**IMPACT, "at_least": 10, "id": "i"}]},
                waivers=[{"rule": "i", "reason": "r", "owner": "o", "expires": "2999-01-01"}],
            ),
            0,
        ),
    ],
)  # fmt: skip
def test_gate_waivers_and_places_may_be_others(
    audited: Kit, tmp_path: Path, change: Change, code: int
) -> None:
    assert main(gated(audited, tmp_path, change)) == code


EDITS: dict[str, Change] = {
    "a looser limit": lambda e: e["gate"]["rules"][0].update(at_least=0.0),
    "a rule less": lambda e: e["gate"]["rules"].pop(),
    "more rows for a decision": lambda e: e["gate"].update(min_rows=299),
    "another level": lambda e: e["gate"].update(confidence=0.5),
    "another threshold": lambda e: e["data"].update(threshold=0.1),
    "another model": lambda e: e["model"].update(path="elsewhere"),
    "a waiver more": lambda e: e.update(
        waivers=[{"rule": "performance.accuracy", "reason": "r", "owner": "o", "expires": "2999-01-01"}]
    ),
    "no policy any more": lambda e: e.pop("data"),
    "an unknown key": lambda e: e.update(more=1),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("own", [True, False])
def test_an_edited_report_is_refused(
    audited: Kit, tmp_path: Path, capsys: pytest.CaptureFixture[str], edit: str, own: bool
) -> None:
    """Its policy no longer has its digest: under its own policy, and under one that comes from elsewhere."""
    content = json.loads((audited.out / "report.json").read_text())
    EDITS[edit](content["policy"]["effective"])
    file = tmp_path / "report.json"
    file.write_text(json.dumps(content))
    policy = [] if own else ["--policy", str(audited.folder / "audit.yaml")]
    assert main(["gate", str(file), *policy]) == 2
    out, err = capsys.readouterr()
    assert "a policy with the digest sha256:" in err and "the report was edited" in err and out == ""
    with pytest.raises(AuditError, match="the report was edited"):
        audit.decide(read_report(file))


def test_an_untouched_report_is_decided_on(audited: Kit) -> None:
    assert main(["gate", str(audited.out / "report.json")]) == 0
