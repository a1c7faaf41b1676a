"""What a child may be given to do: audits of no model, whose checks behave well or badly."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Container
from contextlib import suppress
from functools import partial

from audit.conclusion.facts import AuditFacts
from audit.conclusion.observers import Observers
from audit.result import CheckResult, Measurement
from audit.worker.child import Measure

from ..conclusion.samples import facts

Behaviour = Callable[[], object]


def fork_and_return() -> None:
    os.fork()


def fork_and_stay() -> None:
    """Leave a process behind that holds the pipe and would run for an hour."""
    if os.fork() == 0:
        time.sleep(3600)


def descriptors() -> list[int]:
    """Return the open descriptors from 3 on; tests that ran before may have left many of them open."""
    return sorted(descriptor for descriptor in map(int, os.listdir("/proc/self/fd")) if descriptor > 2)


def pipes() -> dict[int, str]:
    """Return the pipe behind each descriptor that is one."""
    names = {}
    for descriptor in descriptors():
        with suppress(OSError):  # the one that listed them
            names[descriptor] = os.readlink(f"/proc/self/fd/{descriptor}")
    return {descriptor: name for descriptor, name in names.items() if name.startswith("pipe")}


RUNNER = frozenset(pipes().values())
"""Pipes of the test runner, which workers answer by."""


def garbage() -> None:
    """Write into every pipe of the audit."""
    for descriptor, name in pipes().items():
        if name not in RUNNER:
            with suppress(OSError):  # it is the reading end
                os.write(descriptor, b"garbage\n")


def another_file_in_place_of_the_pipe() -> None:
    last = descriptors()[-1]
    close_from(3)
    while os.open(os.devnull, os.O_WRONLY) < last:
        pass


def close_from(first: int) -> None:
    os.closerange(first, descriptors()[-1] + 1)


ENDINGS: dict[str, tuple[Behaviour, str]] = {
    "os._exit(0)": (lambda: os._exit(0), "ended with exit status 0 and left no result"),
    "os._exit(7)": (lambda: os._exit(7), "ended with exit status 7 and left no result"),
    "SIGKILL": (lambda: os.kill(os.getpid(), signal.SIGKILL), "was killed by SIGKILL (as the system does"),
    "SIGTERM": (lambda: os.kill(os.getpid(), signal.SIGTERM), "was killed by SIGTERM"),
    "the whole group": (lambda: os.killpg(0, signal.SIGKILL), "was killed by SIGKILL"),
    "segmentation fault": (lambda: ctypes.string_at(0), "was killed by SIGSEGV (a segmentation fault"),
    "abort": (os.abort, "was killed by SIGABRT"),
    "closed descriptors": (lambda: close_from(3), "ended with exit status 1"),
    "all descriptors closed": (lambda: close_from(0), "ended with exit status 1"),
    "another file": (another_file_in_place_of_the_pipe, "ended with exit status 1"),
    "garbage in the pipe": (garbage, "handed over what cannot be read"),
}
"""Checks that end the process or spoil what it hands over, and what is said of each."""

HARMLESS: dict[str, Behaviour] = {
    "prints": lambda: (print("printed", flush=True), os.write(1, b"written\n")),
    "asks": lambda: sys.stdin.read(),
    "forks": fork_and_return,
    "leaves a process": fork_and_stay,
}
"""Checks that measure all the same."""


def measured(name: str) -> CheckResult:
    number = Measurement(
        metric=f"{name}.number", value=float("nan"), n=300, method="exact", counts={"a": [1.0, 2.0]}
    )
    return CheckResult(name=name, status="measured", summary=f"The check {name}", measurements=[number])


def audit(checks: dict[str, Behaviour]) -> Measure:
    """Return what measures ``checks`` one after the other: each behaves, and then has its result."""
    return partial(_measure, checks, facts(None, *checks))


def _measure(
    checks: dict[str, Behaviour], facts: AuditFacts, observers: Observers, done: Container[str]
) -> None:
    observers.step("loading")
    observers.opened()
    observers.scored(facts, 0.5)
    for name, behave in checks.items():
        if name not in done:
            behave()
            observers.finished(measured(name), 0.25)
