"""`audit diff`: the diff alone on stdout, 0 whatever the verdicts, and one message for what cannot be compared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.cli import main
from audit.formats.json import to_json

from ..diff import samples

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def reports(tmp_path: Path) -> tuple[Path, Path]:
    files = tmp_path / "old.json", tmp_path / "new.json"
    for file, report in zip(files, samples.pair(), strict=True):
        file.write_text(to_json(report))
    return files


@pytest.mark.parametrize(
    ("options", "start"),
    [
        ([], "# FAIL, was PASS\n"),
        (["--format", "markdown"], "# FAIL, was PASS\n"),
        (["--format", "html"], "<!DOCTYPE html>\n"),
        (["--format", "json"], "{\n"),
        (["--json"], "{\n"),
    ],
)
def test_the_forms(reports: tuple[Path, Path], capsys: Captured, options: list[str], start: str) -> None:
    assert main(["diff", *map(str, reports), *options]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(start) and printed.out.endswith("\n") and printed.err == ""


def test_a_report_and_itself(reports: tuple[Path, Path], capsys: Captured) -> None:
    for file in reports:
        assert main(["diff", str(file), str(file), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["empty"] is True


def test_directories_of_runs(reports: tuple[Path, Path], tmp_path: Path, capsys: Captured) -> None:
    for name, file in zip(("a", "b"), reports, strict=True):
        (tmp_path / name).mkdir()
        file.rename(tmp_path / name / "report.json")
    assert main(["diff", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    assert capsys.readouterr().out.startswith("# FAIL, was PASS")


def newer(content: dict[str, Any]) -> None:
    content["schema_version"] = 2
    del content["verdict"]


EDITS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a newer schema": (newer, "install the version"),
    "newer decisions": (lambda c: c.update(decision_version=99), "install the version"),
    "an edited verdict": (lambda c: c.update(verdict="pass" if c["verdict"] == "fail" else "fail"), "edited"),
    "an edited value": (lambda c: c["checks"][0]["measurements"][0].update(value=0.1), "run the audit again"),
    "an edited policy": (lambda c: c["policy"]["effective"]["gate"].update(min_rows=1), "edited"),
    "no report": (lambda c: c.clear(), "report of schema version 1"),
}


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("edit", EDITS)
def test_what_cannot_be_compared(reports: tuple[Path, Path], capsys: Captured, edit: str, side: int) -> None:
    change, words = EDITS[edit]
    content = json.loads(reports[side].read_text())
    change(content)
    reports[side].write_text(json.dumps(content))
    assert main(["diff", *map(str, reports)]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.startswith(f"audit: {reports[side]}")
    assert words in printed.err and len(printed.err.splitlines()) <= 4


def test_wrong_usage(reports: tuple[Path, Path], tmp_path: Path, capsys: Captured) -> None:
    for arguments in (
        [str(reports[0])],
        [*map(str, reports), "--format", "pdf"],
        [str(tmp_path / "none.json"), str(reports[1])],
    ):
        assert main(["diff", *arguments]) == 2
        printed = capsys.readouterr()
        assert printed.out == "" and printed.err.startswith("audit: ")


def test_any_name_is_printed_to_any_terminal(tmp_path: Path) -> None:
    """Half characters included, to a terminal that knows ASCII only: the document is UTF-8."""
    files = [tmp_path / name for name in ("old.json", "new.json")]
    for file, report in zip(files, samples.hostile(), strict=True):
        file.write_bytes(to_json(report).encode("utf-8", "backslashreplace"))
    for form in ("markdown", "html", "json"):
        command = [sys.executable, "-m", "audit", "diff", *map(str, files), "--format", form]
        done = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"})
        assert done.returncode == 0 and done.stderr == b""
        assert done.stdout.decode("utf-8")
