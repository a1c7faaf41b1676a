"""A report format is one function and one line in one table: all else follows from the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.formats import registry
from audit.formats.registry import Format
from audit.formats.writing import PREVIOUS, set_aside, write_reports
from audit.result import Report

from .samples import report


def render_line(report: Report) -> str:
    """Render the verdict alone."""
    return f"{report.verdict}\n"


@pytest.fixture
def line_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "FORMATS", {**registry.FORMATS, "line": Format("report.txt", render_line)})


@pytest.mark.usefixtures("line_format")
def test_it_is_written_and_set_aside_by_the_next_run(tmp_path: Path) -> None:
    files = write_reports(report(), tmp_path, ["line", "html"])
    assert [file.name for file in files] == ["report.json", "report.txt", "report.html"]
    assert (tmp_path / "report.txt").read_text() == render_line(report())
    set_aside(tmp_path)
    assert not (tmp_path / "report.txt").exists()
    assert (tmp_path / PREVIOUS / "report.txt").read_text() == render_line(report())


def test_a_file_of_no_format_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "report.txt").write_text("a user's own")
    write_reports(report(), tmp_path)
    set_aside(tmp_path)
    assert (tmp_path / "report.txt").read_text() == "a user's own"


def _fails(report: Report) -> str:
    raise ZeroDivisionError


@pytest.mark.usefixtures("line_format")
def test_a_format_that_fails_leaves_no_report_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "FORMATS", {**registry.FORMATS, "bad": Format("report.bad", _fails)})
    with pytest.raises(ZeroDivisionError):
        write_reports(report(), tmp_path, ["line", "bad"])
    assert list(tmp_path.iterdir()) == []
