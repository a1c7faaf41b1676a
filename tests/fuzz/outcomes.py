"""Outcomes of damaged files, read in child processes: rows, one message, or what must never be."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil

from audit.errors import AuditError

from .damage import damaged
from .reading import read
from .whole_files import READERS, SECRETS, Whole

SECONDS = 10
SECONDS_TO_START = 60  # the first whole file may take TensorFlow's import
MEMORY = 6 * 2**30  # bytes of addresses beside those of the parent; TensorFlow reserves most of them
_POLICY_KEYS = ("data.label", "data.favorable", "data.weight", "data.protected", "model.output")


def outcomes(name: str, files: int, folder: Path) -> Counter[str]:
    """Damage the file of a reader ``files`` times and count what comes of it; the first one is left whole.

    Args:
        name: the reader, a key of `READERS`.
        files: how many damaged files are read.
        folder: an empty directory to write them to.
    """
    counts: Counter[str] = Counter()
    while (done := counts.total()) < files:
        counts.update(_outcomes_of_child(name, range(done, files), folder))
    return counts


def _outcomes_of_child(name: str, numbers: range, folder: Path) -> list[str]:
    """Return outcomes in order up to the file that ended the child, which is the last one."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work(name, numbers, folder, writing)
    os.close(writing)
    with os.fdopen(reading) as lines:
        reported = [line.rstrip("\n") for line in lines]
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == 0:
        return reported
    file = numbers[len(reported)]
    return [*reported, f"other: file {file}: the process ended with {status}"]


def _work(name: str, numbers: range, folder: Path, pipe: int) -> None:
    """Write one line for each file to ``pipe``; never return."""
    status = 1
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _silence()
        signal.alarm(SECONDS_TO_START)
        limit = MEMORY + psutil.Process().memory_info().vms
        whole = READERS[name]()
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        _write(whole, folder)
        for number in numbers:
            signal.alarm(SECONDS)
            outcome = _outcome(name, number, whole, folder)
            signal.alarm(0)
            os.write(pipe, f"{outcome}\n".encode())
        status = 0
    finally:
        os._exit(status)


def _silence() -> None:
    """Lose what TensorFlow's native code logs, as the command line does."""
    for descriptor in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def _write(whole: Whole, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for file, data in whole.files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(data)


def _outcome(name: str, number: int, whole: Whole, folder: Path) -> str:
    """Return ``opened``, ``refused``, or ``other`` with the file's number and what happened."""
    try:
        (folder / whole.damaged).write_bytes(damaged_file(name, number, whole))
        read(folder / whole.path)
    except AuditError as error:
        fault = " / ".join(_faults(str(error), error.where, folder / whole.path))
        fault = fault or "the whole file is refused" * (number == 0)
        return f"other: file {number}: {fault}: {str(error)!r}" if fault else "refused"
    except BaseException as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"other: file {number}: {type(error).__name__}: {str(error)[:300]!r} in {place}"
    return "opened"


def damaged_file(name: str, number: int, whole: Whole) -> bytes:
    """Return the damaged bytes of one number, the same in every run; 0 is the whole file."""
    if number == 0:
        return whole.files[whole.damaged]
    draw = random.Random(f"{name} {number}")
    other = draw.choice(list(whole.files.values()))
    return damaged(whole.files[whole.damaged], other, draw)


def _faults(message: str, where: str, path: Path) -> Iterator[str]:
    if str(path) not in where and not where.startswith(_POLICY_KEYS):
        yield "no file is named"
    shown = [value for value in SECRETS if value in message]
    if shown:
        yield f"shows {shown}"
