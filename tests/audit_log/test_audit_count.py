"""What a run makes of the history: the report, the summary and `gate.max_audits`."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import audit
from audit.check import policy_from
from audit.cli import main
from audit.formats.json import read_report

from ..cli.kit import Kit
from ..conftest import Models


@pytest.fixture
def kit(tmp_path: Path, model: Models, monkeypatch: pytest.MonkeyPatch) -> Kit:
    monkeypatch.setenv("AUDIT_HISTORY", str(tmp_path / "history.jsonl"))
    kit = Kit(tmp_path, model)
    kit.policy["gate"]["max_audits"] = 2
    return kit


def history(kit: Kit) -> object:
    return read_report(kit.out).run.get("history")


def test_the_bound_on_audits_blocks_the_third(kit: Kit, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = kit.write()
    assert main(arguments) == 0
    first = (kit.out / "report.json").read_text()
    assert main([*arguments, "--seed", "1"]) == 0
    assert main([*arguments, "--seed", "2"]) == 1
    out = capsys.readouterr().out
    claim = (
        "  failed       gate.max_audits\n               Number of audits of these rows must be at most 2.\n"
    )
    assert f"{claim}               3 different audits of these rows, of 2 that the policy allows.\n" in out
    assert "this is the 1st candidate audited on these rows, in the 3rd audit of them" in out
    assert history(kit) == {"audits": 3, "candidates": 1}
    assert main(["gate", str(kit.out / "report.json")]) == 1  # what `run` says decides again
    assert (
        main([*arguments, "--set", "gate.rules.0.at_least=0.3"]) == 0
    )  # repeated: other limits ask nothing else
    assert main(arguments) == 0
    again = (kit.out / "report.json").read_text()
    first, again = (json.dumps({**json.loads(text), "run": {}}) for text in (first, again))
    assert first == again


def test_without_a_history_the_bound_is_not_decided(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = kit.write()
    monkeypatch.setenv("AUDIT_HISTORY", "")
    assert main([*arguments, "--quiet"]) == 3
    assert history(kit) is None


def test_a_history_that_cannot_be_written_is_said(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = kit.write()
    monkeypatch.setenv("AUDIT_HISTORY", str(kit.folder))
    assert main(arguments) == 3
    said = capsys.readouterr()
    assert re.search(r"audit: the number of audits of these rows is unknown: .*directory", said.err)
    assert "inconclusive" in said.out.lower() and (kit.out / "report.html").is_file()


def test_a_waiver_may_name_the_bound(kit: Kit) -> None:
    waiver = {"rule": "gate.max_audits", "reason": "known", "owner": "risk", "expires": "2999-01-01"}
    kit.policy["waivers"] = [waiver]
    arguments = kit.write()
    for seed in ("0", "1", "2"):
        assert main([*arguments, "--quiet", "--seed", seed]) == 0
    assert read_report(kit.out).rules[-1].status == "waived"
    without = {**kit.policy, "gate": {**kit.policy["gate"], "max_audits": None}}
    with pytest.raises(audit.AuditError, match="the id of a rule"):
        policy_from(without)


def test_no_rule_may_carry_the_bounds_id(kit: Kit) -> None:
    kit.policy["gate"]["rules"][0]["id"] = "gate.max_audits"
    with pytest.raises(audit.AuditError, match="that of the bound on audits"):
        policy_from(kit.policy)


def test_a_count_that_is_none_decides_nothing(kit: Kit) -> None:
    main([*kit.write(), "--quiet"])
    report = read_report(kit.out)
    assert audit.decide(report).verdict == "pass"
    for given in (None, {"audits": "3"}, {"audits": True}, {"audits": 0}, 3):
        edited = replace(report, run={**report.run, "history": given})
        assert audit.decide(edited).verdict == "inconclusive"
