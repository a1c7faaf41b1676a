"""Sessions of pytest in processes of their own, from a policy to reports, by audits of a real model."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

from audit.formats.json import read_report

from ..cli.kit import Kit
from ..conftest import Models
from .sessions import PLUG_IN

ROOT = Path(__file__).parents[2]
RULES = [
    {"metric": "performance.accuracy", "at_least": 0.2},
    {"metric": "performance.auc", "at_least": 0.99},
    {"metric": "fairness.disparate_impact", "where": {"attribute": "sex"}, "at_least": 1.1},
    {"metric": "performance.brier", "at_most": 0.01},
]
WAIVER = {"rule": "performance.brier", "reason": "a known weakness", "owner": "Ana", "expires": "2099-01-01"}
STEPS = {
    "performance.accuracy": None,
    "performance.auc": "failure",
    "fairness.disparate_impact[attribute=sex]": "failure",
    "performance.brier": "skipped",
}


class Session(NamedTuple):
    """A session that has ended: its exit code, what it printed, and what it wrote for other tools."""

    code: int
    printed: str
    junit: ElementTree.Element
    audits: int

    @property
    def cases(self) -> dict[str, ElementTree.Element]:
        return {str(case.get("name")): case for case in self.junit.iter("testcase")}

    @property
    def steps(self) -> dict[str, str | None]:
        """What is said of each test: nothing of one that passed."""
        said = {
            name: [child.tag for child in case if child.tag != "properties"]
            for name, case in self.cases.items()
        }
        return {name: tags[0] if tags else None for name, tags in said.items()}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, model: Models) -> Path:
    """A project in which warnings are errors, with a policy in a folder."""
    folder = tmp_path_factory.mktemp("project")
    policies = folder / "policies"
    policies.mkdir()
    kit = Kit(policies, model)
    kit.policy["gate"]["rules"] = RULES
    kit.policy["waivers"] = [WAIVER]
    kit.write()
    (policies / "audit.yaml").rename(policies / "income.audit.yaml")
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    return folder


def run(project: Path, *arguments: str) -> Session:
    history = project / "history.jsonl"
    history.unlink(missing_ok=True)
    command = [
        sys.executable,
        "-m",
        "pytest",
        *PLUG_IN,
        "-rA",
        "--color=no",
        "--junitxml=junit.xml",
        *arguments,
    ]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "AUDIT_HISTORY": str(history), "COLUMNS": "200"}
    done = subprocess.run(command, cwd=project, env=surroundings, capture_output=True, text=True)
    audits = len(history.read_text().splitlines()) if history.exists() else 0
    return Session(done.returncode, done.stdout, ElementTree.parse(project / "junit.xml").getroot(), audits)


@pytest.fixture(scope="module")
def alone(project: Path) -> Session:
    return run(project, "policies/income.audit.yaml")


def test_each_rule_comes_to_what_the_report_says(project: Path, alone: Session) -> None:
    assert alone.code == 1 and alone.steps == STEPS
    report = read_report(project / "policies" / "income.audit-report")
    assert report.verdict == "fail"
    assert {rule.id: rule.status for rule in report.rules} == dict(
        zip(STEPS, ["pass", "fail", "inconclusive", "waived"], strict=True)
    )
    assert report.policy.path == "policies/income.audit.yaml"


def test_a_session_makes_one_audit(alone: Session) -> None:
    assert alone.audits == 1


def test_a_failure_is_its_reason_and_numbers(project: Path, alone: Session) -> None:
    printed = alone.printed
    assert re.search(
        r"fail: performance\.auc\nAUC is 0\.\d+\. 95 % interval .* to .*, \d+ rows; limit at least 0\.99\. "
        r"The value is .* below the limit\. The value is outside the limit\.\n",
        printed,
    )
    assert "not decided: the interval includes the limit" in printed
    assert "not decided: not decided" not in printed
    auc = next(
        rule for rule in read_report(project / "policies" / "income.audit-report").rules if "auc" in rule.id
    )
    assert f"{auc.measurements[0].value:.3f}"[:4] in printed
    assert "Report: policies/income.audit-report" in printed
    place = "policies/income.audit.yaml"
    assert f"FAILED {place}::performance.auc - the value is outside the limit; " in printed
    assert (
        f"SKIPPED [1] {place}:" in printed and "waived by Ana until 2099-01-01: a known weakness" in printed
    )
    assert "Traceback" not in printed and "pytest_items.py" not in printed and "RuleNotMet" not in printed


def test_the_numbers_stand_in_junit_xml_with_all_digits(project: Path, alone: Session) -> None:
    report = read_report(project / "policies" / "income.audit-report")
    for rule in report.rules:
        properties = {p.get("name"): p.get("value") for p in alone.cases[rule.id].iter("property")}
        assert properties["verdict"] == "fail" and properties["status"] == rule.status
        assert properties["model"] == report.model.digest
        [measurement] = rule.measurements
        name = next(
            name for name in properties if name and name.startswith(rule.metric) and name[-1] not in "nl"
        )
        assert float(str(properties[name])) == measurement.value
        assert properties[f"{name} n"] == str(measurement.n)
        low, high = map(float, str(properties[f"{name} interval"]).split(" to "))
        assert (low, high) == measurement.ci


def test_four_workers_make_one_audit_and_come_to_the_same(project: Path, alone: Session) -> None:
    spread = run(project, "-n", "4", "--audit-out", "reports", "policies/income.audit.yaml")
    assert (spread.code, spread.steps, spread.audits) == (alone.code, alone.steps, 1)
    for name, case in alone.cases.items():
        lines = zip(case.itertext(), spread.cases[name].itertext(), strict=True)
        assert all(one.partition("Report:")[0] == other.partition("Report:")[0] for one, other in lines)
        assert [p.attrib for p in case.iter("property")] == [
            p.attrib for p in spread.cases[name].iter("property")
        ]
    assert (project / "reports" / "policies" / "income.audit-report" / "report.html").is_file()
    assert not (project / "reports" / "policies" / "income.audit-report" / "previous").exists()


def test_what_could_not_be_audited_is_an_error_in_the_words_of_audit_run(project: Path) -> None:
    text = (project / "policies" / "income.audit.yaml").read_text()
    (project / "audit.yaml").write_text(text.replace("table.csv", "no-table.csv"))
    failed = run(project, "audit.yaml")
    assert (failed.code, failed.audits) == (1, 0)
    assert set(failed.steps.values()) == {"error"}
    assert failed.printed.count("  expected:") == len(RULES) and "no-table.csv" in failed.printed
    assert "Traceback" not in failed.printed and "AuditNotMade" not in failed.printed


def test_a_directory_that_cannot_be_written_is_named_with_the_option_for_another(project: Path) -> None:
    (project / "file").touch()
    failed = run(project, "--audit-out", "file", "-k", "accuracy", "policies/income.audit.yaml")
    assert (failed.code, failed.audits) == (1, 0)
    assert "a directory that can be written" in failed.printed and "with --audit-out" in failed.printed
