"""Files of other programs under the names of our formats stay what and where they are; ours are recognized."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings

from audit.formats.ownership import is_ours
from audit.formats.registry import FORMATS
from audit.formats.writing import set_aside, write_reports
from audit.result import Report

from .any_report import reports
from .hostile_names import NAMES, named
from .samples import report

TOOL = {"driver": {"name": "Ruff", "informationUri": "https://example.org/savedmodel-audit", "rules": []}}
ENTRY = {
    "check_name": "F401",
    "description": "unused",
    "fingerprint": "a",
    "severity": "major",
    "location": {},
}
COMPONENT = {"type": "library", "name": "savedmodel-audit"}
FOREIGN = {
    "junit.xml": '<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"></testsuites>',
    "results.sarif": json.dumps({"version": "2.1.0", "runs": [{"tool": TOOL, "results": []}]}, indent=2),
    "summary.md": "## Coverage: PASS\n\nFAIL: 3 of 7\n",
    "gl-code-quality.json": json.dumps([ENTRY], indent=2),
    "model-card.cdx.json": json.dumps({"bomFormat": "CycloneDX", "components": [COMPONENT]}, indent=1),
}
"""Files as other programs write them, with our words in them."""


def put(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in FOREIGN.items():
        (folder / name).write_text(text)
    return folder


def texts(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir() if file.is_file()}


def test_every_format_of_a_common_name_has_a_foreign_one() -> None:
    assert {view.file for view in FORMATS.values() if view.mark} == set(FOREIGN)


@pytest.mark.parametrize("name", [name for name, view in FORMATS.items() if view.mark])
def test_whatever_a_format_writes_is_recognized(name: str, tmp_path: Path) -> None:
    file = tmp_path / FORMATS[name].file

    def recognized(written: Report) -> bool:
        file.write_bytes(FORMATS[name].render(written).encode("utf-8", "backslashreplace"))
        return is_ours(file)

    @settings(max_examples=50)
    @given(reports())
    def tried(written: Report) -> None:
        assert recognized(written)

    tried()
    assert all(recognized(named(hostile)) for hostile in NAMES.values())


@pytest.mark.parametrize("name", FOREIGN)
def test_another_programs_file_is_not(name: str, tmp_path: Path) -> None:
    assert not is_ours(put(tmp_path) / name)
    (tmp_path / name).write_bytes(b"\xff\xfe")
    assert not is_ours(tmp_path / name)
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)  # reading it would wait for a writer
    assert not is_ours(tmp_path / name)


def test_they_stay_in_place_run_after_run(tmp_path: Path) -> None:
    """A run into the working directory must not take the job's own test results away."""
    put(tmp_path)
    for _ in range(3):
        set_aside(tmp_path)
        write_reports(report(), tmp_path)
    assert texts(tmp_path).keys() == {*FOREIGN, "report.json", "report.html"}
    assert {name: texts(tmp_path)[name] for name in FOREIGN} == FOREIGN
    assert texts(tmp_path / "previous").keys() == {"report.json", "report.html"}


def test_in_the_way_of_a_format_they_move_to_previous(tmp_path: Path) -> None:
    put(tmp_path)
    set_aside(tmp_path)
    write_reports(report(), tmp_path, FORMATS)
    assert texts(tmp_path / "previous") == FOREIGN
    assert all(is_ours(tmp_path / name) for name in FOREIGN)


def test_a_later_run_without_formats_deletes_none_of_them_in_previous(tmp_path: Path) -> None:
    put(tmp_path / "previous")
    for _ in range(2):
        write_reports(report(), tmp_path)
        set_aside(tmp_path)
    assert {name: texts(tmp_path / "previous")[name] for name in FOREIGN} == FOREIGN


def test_ours_never_stay_as_if_they_were_the_new_runs(tmp_path: Path) -> None:
    write_reports(report(), tmp_path, FORMATS)
    set_aside(tmp_path)
    assert texts(tmp_path) == {}
    assert texts(tmp_path / "previous").keys() == {"report.json", *(view.file for view in FORMATS.values())}
