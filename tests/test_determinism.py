"""The same inputs twice, in two processes: the same bytes, except for what `run` holds. And what it costs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

RUN_SECTION = re.compile(r'<section id="run">.*?</section>', re.DOTALL)
MOST_BYTES = 1.5e9  # measured: 0.9e9, of which TensorFlow is most
LAUNCHER = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Linux counts what a process was at its start, a copy of the one that started it, as memory of its own: started by
these tests, an audit would seem to need at least what they do. So a small process starts it, and reports on it."""


@dataclass(frozen=True)
class Audited:
    """One audit as a process of its own; ``peak`` is its greatest resident memory in bytes."""

    code: int
    folder: Path
    peak: int

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "report.json").read_text())
        return found

    @property
    def page(self) -> str:
        return (self.folder / "report.html").read_text()


def audited(policy: Path, folder: Path, hash_seed: str) -> Audited:
    """Run with another hash seed each time: no order may come from a set of strings."""
    words = ["run", str(policy), "--out", str(folder), "--date", "2026-01-31", "--quiet"]
    command = [sys.executable, "-c", LAUNCHER, sys.executable, "-m", "audit", *words]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    code, peak = done.stdout.split()
    unit = 1 if sys.platform == "darwin" else 1024
    return Audited(int(code), folder, int(peak) * unit)


@pytest.fixture(scope="module")
def twice(adult_policy: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Audited, Audited]:
    one, other = (audited(adult_policy, tmp_path_factory.mktemp("run"), seed) for seed in ("1", "2"))
    return one, other


def test_both_runs_measure_all_rows(twice: tuple[Audited, Audited]) -> None:
    for found in twice:
        assert found.code == 1 and found.report["verdict"] == "fail"
        assert found.report["data"]["rows"] == 16_281
        assert [check["status"] for check in found.report["checks"]] == ["measured"] * 5


def test_the_json_is_the_same_but_for_run(twice: tuple[Audited, Audited]) -> None:
    one, other = (found.report for found in twice)
    assert one["run"] != other["run"]
    del one["run"], other["run"]
    assert json.dumps(one) == json.dumps(other)  # the order of keys included


def test_the_json_s_bytes_are_the_same_but_for_run(twice: tuple[Audited, Audited]) -> None:
    """Not only what it means: indentation, escapes, and the way in which numbers are written."""
    texts = [(found.folder / "report.json").read_text() for found in twice]
    heads = [text[: text.index('\n "run": {')] for text in texts]
    assert heads[0] == heads[1] and len(heads[0]) > 0.9 * len(texts[0])


def test_the_page_is_the_same_but_for_what_run_holds(twice: tuple[Audited, Audited]) -> None:
    pages = [RUN_SECTION.subn("", found.page) for found in twice]
    assert [count for _, count in pages] == [1, 1]
    assert pages[0][0] == pages[1][0]
    assert twice[0].report["run"]["started"] not in pages[0][0]


def test_the_adult_audit_stays_within_its_memory(twice: tuple[Audited, Audited]) -> None:
    assert max(found.peak for found in twice) < MOST_BYTES


def test_the_adult_page_stays_within_its_size(twice: tuple[Audited, Audited]) -> None:
    assert len(twice[0].page.encode()) < 1_000_000
