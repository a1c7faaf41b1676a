"""The commands of pages that teach, run in their order as a reader does: exit codes and what is printed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from audit.formats.json import read_report

from .pages import ROOT
from .snippets import Snippet, shape, snippets, source

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


SEX = {"attribute": "sex", "unprivileged": "Female", "privileged": "Male"}
WORST = {"attack": "worst", "norm": "inf", "eps": 0.1}
QUOTED: list[tuple[str, int, str, Mapping[str, object], float]] = [
    ("get-started", 1, "fairness.disparate_impact", SEX, 0.306),
    ("how-to-read-a-report", 1, "fairness.disparate_impact", SEX, 0.306),
    ("choosing-limits", 1, "performance.auc", {}, 0.905),
    ("choosing-limits", 1, "explainability.attribution_share", {"feature": "district_score"}, 0.198),
    ("choosing-limits", 2, "performance.accuracy", {}, 0.739),
    ("choosing-limits", 2, "robustness.adversarial_accuracy", WORST, 0.643),
]
"""Values of the demo that pages quote: page, candidate, metric, where, value."""


@pytest.mark.parametrize("page", ["get-started", "how-to-read-a-report", "choosing-limits"])
def test_a_page_can_be_followed(work: Path, page: str) -> None:
    """The first page makes the demo, which the others use and quote; its training differs a little by machine."""
    printed = ""
    for snippet in snippets(page, "run", "prints"):
        printed = follow(snippet, work, printed)
    for _, candidate, metric, where, value in (quote for quote in QUOTED if quote[0] == page):
        assert f"{value}" in source(page).read_text("utf-8")
        assert measured(work, candidate, metric, where) == pytest.approx(value, abs=0.03), metric


def measured(work: Path, candidate: int, metric: str, where: Mapping[str, object]) -> float:
    """Return what the demo's report of a candidate says."""
    report = read_report(work / "audit-demo" / f"report-{candidate}" / "report.json")
    found = [m.value for c in report.checks for m in c.measurements if (m.metric, m.where) == (metric, where)]
    (value,) = found
    return value


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
