"""The example on pictures as a user runs it: the script, then the command that it prints."""

import shlex
import subprocess
import sys
from pathlib import Path

from audit.formats.json import read_report

from ..zoo.examples import draft_and_run

ROOT = Path(__file__).resolve().parents[2]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)


def test_digits_are_blocked_for_the_errors_on_one_scanner(tmp_path: Path) -> None:
    script = run("examples/image_digits/train.py", "--out", str(tmp_path))
    assert script.returncode == 0, script.stderr
    command = shlex.split(script.stdout.splitlines()[-1].removeprefix("Next:"))
    audited = run("-m", *command, "--out", str(tmp_path / "report"))
    report = read_report(tmp_path / "report" / "report.json")
    assert (audited.returncode, report.verdict) == (1, "fail"), audited.stderr
    failed = {rule.metric for rule in report.rules if rule.status == "fail"}
    assert failed == {"fairness.error_rate_difference"}
    assert {rule.status for rule in report.rules} == {"pass", "fail"}
    assert {check.name: check.status for check in report.checks} == dict.fromkeys(
        ["performance", "fairness", "explainability", "robustness", "slices"], "measured"
    )
    tables = {table.name: table for check in report.checks for table in check.tables}
    assert tables["picture_map"].columns["height"] == [8]
    assert len(tables["pictures"].columns["image"]) == 6 and all(tables["pictures"].columns["image"])
    faithful = [m for c in report.checks for m in c.measurements if m.metric == "explainability.faithfulness"]
    assert faithful[0].value > 0.9
    assert (tmp_path / "report" / "report.html").stat().st_size < 300_000
    draft_and_run("image_digits", tmp_path)
