"""The example on texts as a user runs it: the script, then the command that it prints."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

from audit.formats.json import read_report

from ..zoo.examples import draft_and_run

ROOT = Path(__file__).resolve().parents[2]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)


def test_tickets_are_blocked_for_the_spelling_that_training_did_not_see(tmp_path: Path) -> None:
    script = run("examples/text/train.py", "--out", str(tmp_path))
    assert script.returncode == 0, script.stderr
    command = shlex.split(script.stdout.splitlines()[-1].removeprefix("Next:"))
    audited = run("-m", *command, "--out", str(tmp_path / "report"))
    report = read_report(tmp_path / "report" / "report.json")
    assert (audited.returncode, report.verdict) == (1, "fail"), audited.stderr
    failed = {rule.metric for rule in report.rules if rule.status == "fail"}
    assert failed == {"fairness.equal_opportunity_difference"}
    assert {rule.status for rule in report.rules} == {"pass", "fail"}
    assert {check.name: check.status for check in report.checks} == dict.fromkeys(
        ["performance", "fairness", "explainability", "robustness", "slices"], "measured"
    )
    words = next(t for c in report.checks for t in c.tables if t.name == "words").columns
    means = dict(zip(words["word"], words["mean"], strict=True))
    assert means["stolen"] > 1 and means["late"] < -1  # type: ignore[operator]
    unknown = ("cancelled", "unauthorised", "grey")  # in no background row
    page = (tmp_path / "report" / "report.html").read_text()
    assert not any(word in page for word in unknown) and "stolen" in page
    draft_and_run("text", tmp_path)
