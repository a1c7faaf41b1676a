"""Nothing but the two files of a report is written, moved or removed, and nothing outside the directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit.errors import AuditError
from audit.formats.writing import set_aside, write_whole

BOTH = {"report.json": "new", "report.html": "new"}


def held(folder: Path) -> dict[str, str]:
    """Return every file below ``folder`` with its content; symbolic links are not followed."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and not file.is_symlink()]
    return {str(file.relative_to(folder)): file.read_text() for file in files}


@pytest.mark.parametrize(
    "name", ["report.docx", "report.py", "report.json.bak", "report.htm", ".partial-notes", ".partial-1.txt"]
)
def test_files_of_other_names_stay_where_they_are(tmp_path: Path, name: str) -> None:
    for folder in (tmp_path, tmp_path / "previous"):
        folder.mkdir(exist_ok=True)
        (folder / name).write_text("mine")
    for _ in range(3):
        set_aside(tmp_path)
        write_whole(tmp_path, BOTH)
    found = held(tmp_path)
    assert (found[name], found[f"previous/{name}"]) == ("mine", "mine")
    assert set(found) == {name, f"previous/{name}", *BOTH, *(f"previous/{report}" for report in BOTH)}


@pytest.mark.parametrize(
    "name", [".partial-", ".partial-mine", ".partial-12", ".partial-x-1", ".partial-0-a"]
)
def test_a_folder_that_no_run_made_is_not_swept_up(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "notes").write_text("mine")
    set_aside(tmp_path)
    assert held(tmp_path) == {f"{name}/notes": "mine"}


def test_a_linked_previous_is_refused_and_not_followed(tmp_path: Path) -> None:
    """Its files would be removed, and the older report would leave the directory."""
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    for folder in (out, elsewhere):
        folder.mkdir()
        (folder / "report.json").write_text(f"of {folder.name}")
    (out / "previous").symlink_to(elsewhere)
    with pytest.raises(AuditError, match="'previous' in it is a symbolic link"):
        set_aside(out)
    assert held(tmp_path) == {"out/report.json": "of out", "elsewhere/report.json": "of elsewhere"}


@pytest.mark.parametrize("there", [True, False])
def test_a_linked_report_is_replaced_and_its_target_kept(tmp_path: Path, there: bool) -> None:
    target = tmp_path / "target.json"
    if there:
        target.write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.json").symlink_to(target)
    set_aside(out)
    assert not os.path.lexists(out / "report.json") and (out / "previous" / "report.json").is_symlink()
    write_whole(out, BOTH)
    set_aside(out)
    assert held(out) == {f"previous/{name}": text for name, text in BOTH.items()}
    assert target.exists() == there and (not there or target.read_text() == "mine")


def test_half_of_a_report_is_taken_back(tmp_path: Path) -> None:
    """Of two files the second cannot be placed: the first must not look like a report of this run."""
    (tmp_path / "report.html").mkdir()
    with pytest.raises(AuditError, match="a directory that can be written"):
        write_whole(tmp_path, BOTH)
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_a_living_run_keeps_its_unfinished_files(tmp_path: Path) -> None:
    """Two runs into one directory: the files of one are swept up once its process has ended, and not before."""
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as other:
        partial = tmp_path / f".partial-{other.pid}-a1_b"
        partial.mkdir()
        (partial / "report.json").write_text("half")
        set_aside(tmp_path)
        assert held(tmp_path) == {f"{partial.name}/report.json": "half"}
        other.communicate()
    set_aside(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_starts_meanwhile_does_not_sweep_up_this_one(tmp_path: Path) -> None:
    class Slow(str):
        def encode(self, *how: str) -> bytes:
            set_aside(tmp_path)
            return super().encode(*how)

    write_whole(tmp_path, {name: Slow(text) for name, text in BOTH.items()})
    assert held(tmp_path) == BOTH
