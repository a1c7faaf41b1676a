"""Reports appear whole, the older one stands under ``previous/``, and a run that fails leaves none."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from audit.cli import main
from audit.errors import AuditError
from audit.formats import registry
from audit.formats.writing import set_aside, write_and_read, write_reports, write_whole
from audit.result import Report

from .samples import report


def tree(folder: Path) -> dict[str, str]:
    return {
        str(f.relative_to(folder)): f.read_text("utf-8") for f in sorted(folder.rglob("*")) if f.is_file()
    }


def test_a_new_folder_is_made(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    set_aside(out)
    written = write_whole(out, {"report.json": "{}", "report.html": "ä"})
    assert tree(out) == {"report.json": "{}", "report.html": "ä"}
    assert written == [out / "report.json", out / "report.html"]


def test_the_older_report_moves_to_previous(tmp_path: Path) -> None:
    for number in ("1", "2", "3"):
        set_aside(tmp_path)
        write_whole(tmp_path, {"report.json": number, "report.html": f"<{number}>"})
    assert tree(tmp_path) == {
        "report.json": "3", "report.html": "<3>", "previous/report.json": "2", "previous/report.html": "<2>",
    }  # fmt: skip


def test_an_older_format_does_not_stay_among_the_previous_ones(tmp_path: Path) -> None:
    set_aside(tmp_path)
    write_whole(tmp_path, {"report.json": "1", "report.html": "1"})
    set_aside(tmp_path)
    write_whole(tmp_path, {"report.json": "2"})
    set_aside(tmp_path)
    assert tree(tmp_path) == {"previous/report.json": "2"}


def test_without_an_older_report_the_previous_one_stays(tmp_path: Path) -> None:
    """Two runs that fail one after the other do not lose the last report that there was."""
    write_whole(tmp_path, {"report.json": "1"})
    for _ in range(3):
        set_aside(tmp_path)
        assert tree(tmp_path) == {"previous/report.json": "1"}


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "reports").mkdir()
    (tmp_path / "report.d").mkdir()
    (tmp_path / "report.d" / "x").write_text("mine")
    (tmp_path / "previous").mkdir()
    (tmp_path / "previous" / "notes.txt").write_text("mine")
    write_whole(tmp_path, {"report.json": "1"})
    set_aside(tmp_path)
    assert tree(tmp_path) == {
        "notes.txt": "mine", "report.d/x": "mine", "previous/notes.txt": "mine", "previous/report.json": "1",
    }  # fmt: skip


def test_a_run_that_opens_nothing_moves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_whole(tmp_path, {"report.json": "older", "report.html": "older"})
    assert main(["run", str(tmp_path / "none.yaml"), "--out", str(tmp_path)]) == 2
    assert tree(tmp_path) == {"report.html": "older", "report.json": "older"}
    assert "no such file" in capsys.readouterr().err


def test_a_fault_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        write_whole(tmp_path, {"report.json": "1", "report.html": None})  # type: ignore[dict-item]
    assert tree(tmp_path) == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("blocked", ["out", "out/previous"])
def test_a_folder_that_cannot_be_used(tmp_path: Path, blocked: str) -> None:
    out = tmp_path / "out"
    (tmp_path / blocked).parent.mkdir(exist_ok=True)
    (tmp_path / blocked).write_text("a file")
    if blocked != "out":
        write_whole(out, {"report.json": "1"})
    with pytest.raises(AuditError) as error:
        set_aside(out)
    assert (error.value.where, error.value.fix) == (str(out), "name another one with --out")
    with pytest.raises(AuditError):
        write_whole(tmp_path / blocked, {"report.json": "1"})


@pytest.mark.parametrize("out", ["file", "file/below"])
def test_a_file_is_no_folder(tmp_path: Path, out: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(AuditError, match="a directory that can be written"):
        write_whole(tmp_path / out, {"report.html": "x"})
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_is_made_on_the_way(tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "b", {"report.html": "x"})
    assert tree(tmp_path) == {"a/b/report.html": "x"}


def test_a_report_that_another_process_replaces_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it lies on disk, before it is read back."""
    flush = os.fsync

    def replaced(descriptor: int) -> None:
        flush(descriptor)
        for file in tmp_path.glob(".partial-*/report.json"):
            file.write_text(file.read_text().replace('"n": ', '"n":  '))

    monkeypatch.setattr(os, "fsync", replaced)
    with pytest.raises(AuditError, match="another one"):
        write_reports(report(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_another_process_takes_away_is_reported_as_that(tmp_path: Path) -> None:
    def take_away(stored: Report) -> Report:
        for partial in tmp_path.glob(".partial-*"):
            (partial / "report.json").unlink()
        return stored

    with pytest.raises(AuditError) as error:
        write_and_read(report(), tmp_path, take_away)
    assert error.value.found == "no 'report.json': another process took it away"
    assert error.value.fix.endswith("give each its own --out") and tree(tmp_path) == {}


def test_runs_that_race_for_a_folder_end_with_a_report_or_say_who_disturbed_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = registry.Format(
        "report.html", lambda stored: stored.reason
    )  # the page takes long, and races seldom
    monkeypatch.setattr(registry, "FORMATS", {"html": view})

    def run(number: int) -> list[str]:
        outcomes = []
        for _ in range(100):
            try:
                set_aside(tmp_path)
                write_and_read(replace(report(), reason=f"run {number}"), tmp_path, lambda stored: stored)
                outcomes.append("")
            except AuditError as error:
                outcomes.append(error.found)
        return outcomes

    with ThreadPoolExecutor(3) as pool:
        outcomes = [text for found in pool.map(run, range(3)) for text in found]
    disturbed = [text for text in outcomes if text]
    assert len(outcomes) == 300
    assert all(text == "another one" or text.endswith("another process took it away") for text in disturbed)
    assert (tmp_path / "report.json").is_file() or disturbed
