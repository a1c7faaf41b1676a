"""The commands of pages that teach, run in their order as a reader does: exit codes and what is printed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .pages import ROOT
from .snippets import Snippet, shape, snippets

LONGEST = 600
"""Seconds that one command may take on a busy machine."""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the command `audit` of this checkout, in which the demo was made as the first page says."""
    work = tmp_path_factory.mktemp("reader")
    (work / "bin").mkdir()
    audit = work / "bin" / "audit"
    audit.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m audit "$@"\n', "utf-8")
    audit.chmod(0o755)
    return work


def run(text: str, work: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(work / "bin"), os.environ["PATH"]])
    env = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "AUDIT_HISTORY": "", "NO_COLOR": "1"}
    command = [shutil.which("bash") or "bash", "-c", text]
    return subprocess.run(
        command, cwd=work, env=env, capture_output=True, text=True, timeout=LONGEST, check=False
    )


@pytest.mark.parametrize("page", ["get-started", "how-to-read-a-report"])
def test_a_page_can_be_followed(work: Path, page: str) -> None:
    """The first page makes the demo, which the others use."""
    printed = ""
    for snippet in snippets(page, "run", "prints"):
        printed = follow(snippet, work, printed)


def follow(snippet: Snippet, work: Path, printed: str) -> str:
    """Run a command and return what it prints, or look for lines in what the one before has printed."""
    if snippet.kind == "run":
        done = run(snippet.text, work)
        assert done.returncode == int(snippet.option), f"{snippet.text}\n{done.stdout}\n{done.stderr}"
        return done.stdout
    shown = shape(printed)
    assert [line for line in snippet.text.splitlines() if shape(line) not in shown] == [], printed
    return printed


def test_another_exit_code_or_another_output_is_seen(work: Path) -> None:
    """Guards the test above."""
    printed = follow(Snippet("page", "run", "3", "echo FAIL: 4 of 8; exit 3"), work, "")
    follow(Snippet("page", "prints", "", "FAIL: 5 of 8"), work, printed)
    for wrong in (Snippet("page", "run", "0", "exit 1"), Snippet("page", "prints", "", "PASS: 4 of 8")):
        with pytest.raises(AssertionError):
            follow(wrong, work, printed)
