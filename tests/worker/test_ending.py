"""However the parent ends, so do the child and what it started, and their temporary files go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PARENT = Path(__file__).with_name("parent.py")
ROOT = Path(__file__).parents[2]


def waited_for(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


def runs(process: int) -> bool:
    """Whether a process is there and has not ended (a zombie has, which nobody reads the status of)."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def _interruptible() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell ignores it in what it starts in the background


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A parent whose child and grandchild wait."""
    (tmp_path / "temporary").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(PARENT), str(tmp_path)]
    with subprocess.Popen(command, env=environment, preexec_fn=_interruptible) as process:
        assert waited_for((tmp_path / "pids").exists)
        yield process
        process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("number", "code", "cleaned"),
    [
        (signal.SIGKILL, -signal.SIGKILL, False),
        (signal.SIGINT, 130, True),
        (signal.SIGTERM, 143, False),
        (signal.SIGHUP, 129, False),
    ],
)
def test_nothing_is_left(
    parent: subprocess.Popen[bytes], tmp_path: Path, number: int, code: int, cleaned: bool
) -> None:
    processes = [int(word) for word in (tmp_path / "pids").read_text().split()]
    assert all(map(runs, processes)) and len(list((tmp_path / "temporary").iterdir())) == 1
    parent.send_signal(number)
    assert parent.wait(20) == code
    assert waited_for(lambda: not any(map(runs, processes))), "an orphan"
    assert waited_for(lambda: not list((tmp_path / "temporary").iterdir())), "a temporary file"
    assert (tmp_path / "cleaned").exists() is cleaned, "only an interrupt lets checks clean up themselves"
