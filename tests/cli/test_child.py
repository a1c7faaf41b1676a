"""`audit run` as a process: what ends the measuring child is never a pass, and spoils no report."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from .kit import Kit, message
from .test_exit_codes import report, statuses

ROOT = Path(__file__).parents[2]
PLUG_IN = """
import os, sys
from typing import ClassVar
from audit.check import Check, MetricFacts
from audit.result import Measurement

class Bad(Check):
    summary: ClassVar[str] = "Leaves"
    metrics: ClassVar[dict] = {"number": MetricFacts(about="A number.")}

    def measure(self, subject):
        yield Measurement(metric="bad.number", value=1.0, n=subject.rows, method="exact")
        print("a word of the plug-in")
        os._exit(0)

class Good(Bad):
    def measure(self, subject):
        yield Measurement(metric="good.number", value=1.0, n=subject.rows, method="exact")
"""


def installed(folder: Path) -> dict[str, str]:
    """Return an environment in which the plug-in is installed."""
    facts = folder / "leaves-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: leaves\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[audit.checks]\nbad = leaves:Bad\ngood = leaves:Good\n")
    (folder / "leaves.py").write_text(PLUG_IN)
    return {**os.environ, "PYTHONPATH": f"{ROOT}:{folder}"}


def run(kit: Kit, *options: str, **settings: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "audit", *kit.write(), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, **settings)  # type: ignore[call-overload]


def older(kit: Kit) -> None:
    kit.out.mkdir()
    (kit.out / "report.json").write_text("older")


def test_a_plug_in_that_ends_the_process_with_0_is_crashed(kit: Kit) -> None:
    older(kit)
    done = run(kit, env=installed(kit.folder / "site"))
    assert done.returncode == 3, done.stderr
    assert statuses(kit) == {
        "performance": "measured", "fairness": "measured", "bad": "crashed", "good": "measured",
    }  # fmt: skip
    assert done.stdout.startswith("INCONCLUSIVE: 1 check crashed\n") and "a word of" not in done.stdout
    assert "the check bad crashed" in done.stdout
    assert [rule["status"] for rule in report(kit)["rules"]] == ["pass", "pass"]
    assert (kit.out / "previous" / "report.json").read_text() == "older"


def test_time_that_ends_before_the_rows_are_scored_moves_nothing(kit: Kit) -> None:
    older(kit)
    done = run(kit, "--timeout", "0.2s")
    assert (done.returncode, done.stdout) == (2, "") and "--timeout 0.2s" in done.stderr
    assert (kit.out / "report.json").read_text() == "older"


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files")
def test_a_disk_that_is_full_leaves_no_half_of_a_report(kit: Kit) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    done = run(kit, preexec_fn=limit)
    assert done.returncode == 2 and done.stdout == "", done.stderr
    assert not kit.out.exists() or list(kit.out.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")
@pytest.mark.parametrize("mebibytes", [100, 300, 2048])
def test_too_little_memory_is_no_fault_of_the_tool(kit: Kit, mebibytes: int) -> None:
    """As under `ulimit -v`: TensorFlow's libraries alone take more, and OpenBLAS would end the process with 1."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (mebibytes * 2**20, mebibytes * 2**20))

    done = run(kit, preexec_fn=limit)
    assert (done.returncode, done.stdout) == (2, "") and not kit.out.exists(), done.stderr
    assert message(done.stderr).startswith("audit: memory\n") and "ulimit -v" in done.stderr
