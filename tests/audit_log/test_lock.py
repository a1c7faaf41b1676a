"""One process at a time counts, by the word of real ones, and nothing that one of them leaves behind stops the next."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from audit.audit_log.ledger import MAX_WAIT_SECONDS

ROOT = Path(__file__).parents[2]
COUNTS = """
import sys
from pathlib import Path
from audit.audit_log.ledger import AuditIdentity, History

print("ready", flush=True)
this = AuditIdentity(data="d", model=sys.argv[2], asked="q", seed=0)
def decide(audits):
    print("deciding with", audits, flush=True)
    sys.stdin.readline()

history = History(Path(sys.argv[1]))
try:
    with history.place(this, "2026-06-15T12:00:00+00:00") as place:
        decide(place.count.audits)
        place.record("pass")
        count = place.count
except OSError as error:
    decide(None)
    count = history.unknown(error)
print("pass", count.audits, count.problem)
"""
WITHOUT_LOCKS = "import sys; sys.modules['fcntl'] = None\n"
"""As on a system that cannot lock a file."""


@contextmanager
def counting(file: Path, model: str, before: str = "") -> Iterator[subprocess.Popen[str]]:
    """Start a process that counts an audit; it decides when it is given a line."""
    command = [sys.executable, "-c", before + COUNTS, str(file), model]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        try:
            assert said(process) == "ready"
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def let_decide(process: subprocess.Popen[str]) -> None:
    """Give the line now that a process waits for once it is to decide."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def rest(process: subprocess.Popen[str]) -> list[str]:
    """Return what else a process says until it ends."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.close()
    lines = process.stdout.read().splitlines()  # `communicate` would miss what `said` has read ahead
    assert process.wait(timeout=60) == 0
    return lines


def test_a_second_audit_waits_until_the_first_is_decided(tmp_path: Path) -> None:
    with counting(tmp_path / "h", "m1") as first:
        assert said(first) == "deciding with 1"
        with counting(tmp_path / "h", "m2") as second:
            let_decide(second)
            with pytest.raises(subprocess.TimeoutExpired):
                second.wait(timeout=0.5)
            let_decide(first)
            assert rest(first) == ["pass 1 None"]
            assert rest(second) == ["deciding with 2", "pass 2 None"]


def test_the_lock_of_a_killed_audit_stops_nobody(tmp_path: Path) -> None:
    with counting(tmp_path / "h", "m1") as killed:
        assert said(killed) == "deciding with 1"
        killed.kill()
    (tmp_path / "h.lock").write_text("99999999")  # as other tools leave it
    with counting(tmp_path / "h", "m2") as process:
        let_decide(process)
        assert rest(process) == ["deciding with 1", "pass 1 None"]


def test_without_a_lock_an_audit_is_decided_and_not_counted(tmp_path: Path) -> None:
    with counting(tmp_path / "h", "m1", WITHOUT_LOCKS) as process:
        let_decide(process)
        assert rest(process) == ["deciding with None", f"pass None {tmp_path / 'h'}: fcntl is unavailable"]
    assert (tmp_path / "h").read_bytes() == b""


HOLDS = """
import fcntl, sys

file = open(sys.argv[1], "ab")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lock_that_is_never_given_back_leaves_the_audit_uncounted(tmp_path: Path) -> None:
    file = tmp_path / "h"
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(file)], text=True, stdin=pipe, stdout=pipe
    ) as holder:
        assert said(holder) == "held"
        started = time.monotonic()
        with counting(file, "m1") as process:
            assert said(process) == "deciding with None"
            assert MAX_WAIT_SECONDS <= time.monotonic() - started < MAX_WAIT_SECONDS + 30
            problem = f"{file}: another process has kept it locked for {MAX_WAIT_SECONDS:g} seconds"
            assert rest(process) == [f"pass None {problem}"]
        assert file.read_bytes() == b""
        rest(holder)
    with counting(file, "m1") as process:
        assert said(process) == "deciding with 1"
