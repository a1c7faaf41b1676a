"""What the options of `audit run` change, and what they leave alone."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

import audit
from audit.cli import main

from ..audits import store
from .kit import Kit

Captured = pytest.CaptureFixture[str]


def report(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return found


def test_only_leaves_the_rules_of_the_others_open(kit: Kit) -> None:
    assert main([*kit.write(), "--only", "performance"]) == 3
    found = report(kit.out)
    assert [check["name"] for check in found["checks"]] == ["performance"]
    assert [rule["status"] for rule in found["rules"]] == ["pass", "inconclusive"]


def test_only_names_installed_checks_from_python_too(kit: Kit) -> None:
    kit.write()
    with pytest.raises(audit.AuditError, match="did you mean 'fairness'"):
        audit.run(kit.folder / "audit.yaml", only=["fairnes"])


def test_set_overrides_and_is_in_the_digest(kit: Kit) -> None:
    argv = kit.write()
    assert main(argv) == 0
    before = report(kit.out)
    assert main([*argv, "--set", "data.threshold=0.4", "--set", "model.output=probabilities"]) == 0
    after = report(kit.out)
    assert after["policy"]["effective"]["data"]["threshold"] == 0.4
    assert before["policy"]["digest"] != after["policy"]["digest"]
    assert report(kit.out / "previous")["policy"] == before["policy"]


def test_quiet_says_nothing(kit: Kit, capsys: Captured) -> None:
    assert main([*kit.write(), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_flags_stand_for_a_policy_with_the_default_rules(kit: Kit, capsys: Captured) -> None:
    data = store(kit.frame, kit.folder, "rows.csv")
    words = ["--model", str(kit.model), "--data", str(data), "--label", "label"]
    words += ["--protected", "sex=Male", "--protected", "race=White|Other"]
    code = main(["run", *words, "--out", str(kit.out)])
    found = report(kit.out)
    assert code == {"pass": 0, "fail": 1, "inconclusive": 3}[found["verdict"]]
    assert [rule["id"] for rule in found["rules"]] == [
        "performance.auc",
        "fairness.disparate_impact[attribute=sex]",
        "fairness.equal_opportunity_difference[attribute=sex]",
        "fairness.disparate_impact[attribute=race]",
        "fairness.equal_opportunity_difference[attribute=race]",
        "explainability.protected_share",
        "robustness.adversarial_accuracy[attack=worst,eps=0.1]",
    ]
    assert found["policy"]["default_rules"] is True
    assert found["policy"]["effective"]["gate"]["min_rows"] == 200
    assert found["data"]["groups"][1]["privileged"] == ["Other", "White"]


def test_the_command_in_the_report_repeats_it(kit: Kit) -> None:
    argv = [*kit.write(), "--set", "data.threshold=0.4", "--seed", "7", "--date", "2026-03-01", "--quiet"]
    first, second = kit.folder / "1", kit.folder / "2"
    assert main([*argv, "--out", str(first)]) == 0
    command = shlex.split(report(first)["policy"]["command"])
    assert command[0] == "audit"
    assert main([*command[1:], "--quiet", "--out", str(second)]) == 0
    one, other = report(first), report(second)
    assert one.pop("run") != other.pop("run") and one == other
    assert (one["environment"]["seed"], one["environment"]["date"]) == (7, "2026-03-01")


@pytest.mark.parametrize(("date", "code"), [("2026-12-30", 0), ("2026-12-31", 1), ("2027-01-01", 1)])
def test_waivers_are_judged_by_the_date(kit: Kit, date: str, code: int) -> None:
    """A waiver stops on its date."""
    rule = "performance.accuracy"
    kit.policy["gate"]["rules"][0]["at_least"] = 0.99
    kit.policy["waivers"] = [{"rule": rule, "reason": "r", "owner": "o", "expires": "2026-12-31"}]
    assert main([*kit.write(), "--date", date]) == code
    assert main(["gate", str(kit.out / "report.json"), "--date", date]) == code


def test_a_relative_model_is_looked_up_beside_the_policy(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    (kit.folder / "elsewhere").mkdir()
    argv = kit.write()
    monkeypatch.chdir(kit.folder / "elsewhere")
    assert main(argv) == 0


def test_the_report_renders_again_to_the_same_page(kit: Kit) -> None:
    assert main(kit.write()) == 0
    page = (kit.out / "report.html").read_text()
    assert main(["report", str(kit.out / "report.json"), "--out", str(kit.folder / "again")]) == 0
    assert (kit.folder / "again" / "report.html").read_text() == page


def test_progress_is_on_stderr_and_counts_the_rows(kit: Kit, capsys: Captured) -> None:
    policy, told = kit.write()[1], list[tuple[str, int, int]]()
    audit.run(policy, progress=lambda *step: told.append(step))
    assert ("scoring", 300, 300) in told and capsys.readouterr() == ("", "")
    assert main(kit.write()) == 0
    seen = capsys.readouterr()
    assert "scoring done" in seen.err and "scoring" not in seen.out
