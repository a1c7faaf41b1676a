"""Killed at any moment, the directory holds no report that is not complete and of this run."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from audit.formats.writing import PREVIOUS, set_aside

from .writer import texts

WRITER = Path(__file__).with_name("writer.py")
KILLS = 25


def killed_after(seconds: float, folder: Path) -> list[tuple[str, int]]:
    """Start the writer, kill it ``seconds`` after its first report, return what it said."""
    command = [sys.executable, str(WRITER), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = [process.stdout.readline(), process.stdout.readline()]
        time.sleep(seconds)
        process.kill()
        said += process.stdout.readlines()
    assert process.returncode == -9
    return [(word, int(run)) for word, run in map(str.split, said)]


def held(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text("utf-8") for file in folder.glob("report.*")}


def test_killed_at_any_moment(tmp_path: Path) -> None:
    moments, seen = random.Random(20260615), set()
    for kill in range(KILLS):
        folder = tmp_path / str(kill)  # of its own: an older process numbered its runs from 1 too
        word, run = killed_after(moments.uniform(0, 0.08), folder)[-1]
        now, before = held(folder), held(folder / PREVIOUS)
        # "clean" or "done": whatever is there is of this run, and whole
        assert now.items() <= texts(run).items(), (word, run, sorted(now))
        # what is aside is whole too, and of one run before (or of this one, on its way there)
        assert not before or any(before.items() <= texts(run - back).items() for back in (0, 1))
        seen.add((word, len(now), any(folder.glob(".partial-*"))))
    assert {"clean", "done"} == {word for word, _, _ in seen}
    assert any(partial for _, _, partial in seen), "no kill fell into a write: the moments prove nothing"


def test_the_next_run_sweeps_up(tmp_path: Path) -> None:
    moments = random.Random(1)
    for _ in range(100):
        killed_after(moments.uniform(0, 0.05), tmp_path)
        if list(tmp_path.glob(".partial-*")):
            break
    assert list(tmp_path.glob(".partial-*"))
    set_aside(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == [PREVIOUS]


@pytest.mark.parametrize("left", [["report.json"], ["report.html"], ["report.html", "report.json"]])
def test_what_a_killed_run_left_is_set_aside_as_it_is(tmp_path: Path, left: list[str]) -> None:
    for name in left:
        (tmp_path / name).write_text(texts(7)[name])
    set_aside(tmp_path)
    assert held(tmp_path) == {}
    assert held(tmp_path / PREVIOUS) == {name: texts(7)[name] for name in left}
