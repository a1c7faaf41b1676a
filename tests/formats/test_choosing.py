"""Which views a run and `audit report` write."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.cli import main
from audit.formats.registry import FORMATS
from audit.formats.writing import write_reports
from audit.policy.model import FormatName

from .samples import report


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    write_reports(report(), tmp_path, [])
    return tmp_path / "report.json"


def test_the_policy_knows_the_formats_that_there_are() -> None:
    assert tuple(FORMATS) == FormatName.__args__  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", FORMATS)
def test_each_is_rendered_from_a_report(stored: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(stored), "--format", name]) == 0
    files = {file.name for file in stored.parent.iterdir()}
    assert files == {"report.json", FORMATS[name].file}
    assert capsys.readouterr().out == f"Report: {stored.parent / FORMATS[name].file}\n"


def test_several_are_written_at_once_and_none_twice(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [*FORMATS, "html"]
    assert main(["report", str(stored), *(word for name in names for word in ("--format", name))]) == 0
    assert {file.name for file in stored.parent.iterdir()} == {
        "report.json",
        *(f.file for f in FORMATS.values()),
    }
    assert len(capsys.readouterr().out.splitlines()) == len(FORMATS)


@pytest.mark.parametrize("command", ["run", "report"])
def test_an_unknown_one_is_refused_before_anything_is_read(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, str(tmp_path / "none"), "--format", "htm"]) == 2
    printed = capsys.readouterr().err
    assert "--format" in printed and "did you mean 'html'" in printed and "junit" in printed
    assert list(tmp_path.iterdir()) == []
