"""Each example as a user runs it: the script, then the command that it prints."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from audit.formats.json import read_report
from audit.result import Report, Scalar, Table

from ..zoo.examples import draft_and_run

ROOT = Path(__file__).resolve().parents[2]
CHECKS = ["performance", "fairness", "explainability", "robustness", "slices"]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)


def train_and_audit(example: str, data: Path, out: Path) -> tuple[int, Report]:
    script = run(f"examples/{example}/train.py", "--data-dir", str(data), "--out", str(out))
    assert script.returncode == 0, script.stderr
    command = shlex.split(script.stdout.splitlines()[-1].removeprefix("Next:"))
    assert command[:2] == ["audit", "run"]
    audited = run("-m", *command, "--out", str(out / "report"))
    assert "Traceback" not in audited.stderr
    return audited.returncode, read_report(out / "report" / "report.json")


def statuses(report: Report) -> dict[str, str]:
    return {rule.id: rule.status for rule in report.rules}


def table(report: Report, check: str, name: str) -> Table:
    (found,) = [t for c in report.checks if c.name == check for t in c.tables if t.name == name]
    return found


def moved(report: Report) -> dict[Scalar | None, Scalar | None]:
    """Return for each column of the model whether attacks moved it."""
    columns = table(report, "robustness", "columns").columns
    return dict(zip(columns["feature"], columns["moved"], strict=True))


def test_adult_is_blocked_for_its_selection_rates(raw_data: Path, tmp_path: Path) -> None:
    code, report = train_and_audit("adult_income", raw_data / "adult", tmp_path)
    assert (code, report.verdict) == (1, "fail")
    assert report.data.rows == 16_281 and report.data.favorable == [">50K"]
    assert report.model.columns["marital_status"] == ["marital-status"]
    found = statuses(report)
    assert found["performance.accuracy"] == found["performance.auc"] == "pass"
    assert found["fairness.disparate_impact[attribute=sex]"] == "fail"
    assert found["fairness.equal_opportunity_difference[attribute=race]"] == "inconclusive"
    assert found["explainability.protected_share[attribute=sex]"] == "pass"
    assert found["robustness.adversarial_accuracy[attack=worst,eps=0.1]"] == "pass"
    assert {check.name: check.status for check in report.checks} == dict.fromkeys(CHECKS, "measured")
    attacked = {"capital-gain", "capital-loss", "hours-per-week"}  # not age, no part of a school year
    assert {feature for feature, free in moved(report).items() if free} == attacked
    changes = table(report, "robustness", "flips").columns["change"]
    assert changes and all(isinstance(change, float) and change.is_integer() for change in changes)
    draft_and_run("adult_income", tmp_path)


def test_german_is_too_small_to_decide(raw_data: Path, tmp_path: Path) -> None:
    code, report = train_and_audit("german_credit", raw_data / "german", tmp_path)
    assert (code, report.verdict) == (3, "inconclusive")
    assert report.data.rows == 500 and report.model.inputs[0].shape == [None, 57]
    found = statuses(report)
    assert found["performance.auc"] == "pass"
    assert found["fairness.equal_opportunity_difference[attribute=age]"] == "inconclusive"
    assert found["explainability.protected_share[attribute=age]"] == "pass"
    assert found["robustness.adversarial_accuracy[attack=worst,eps=0.1]"] == "pass"
    assert {check.name: check.status for check in report.checks} == dict.fromkeys(CHECKS, "measured")
    draft_and_run("german_credit", tmp_path)


@pytest.mark.parametrize("example", ["adult_income", "german_credit"])
def test_raw_files_that_are_not_there_end_the_script_with_one_message(example: str, tmp_path: Path) -> None:
    script = run(f"examples/{example}/train.py", "--data-dir", str(tmp_path), "--out", str(tmp_path / "out"))
    assert script.returncode == 1 and "no such file" in script.stderr and "Traceback" not in script.stderr
