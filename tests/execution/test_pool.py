"""Pools of workers: order, errors, lost workers, memory; with processes and with real Ray."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import AuditError, RowError
from audit.execution import LocalBackend, pool_map
from audit.execution.computer import Answer
from audit.execution.plan import RowRange, row_ranges
from audit.execution.pool_map import PoolMap
from audit.execution.processes import Processes
from audit.execution.workers import Shipment, Worker, WorkerLost
from audit.machine_errors import machine_error

from .conftest import Pool


def test_results_come_in_the_order_of_the_parts(pool: Pool, tmp_path: Path) -> None:
    table = np.arange(100_000.0)  # an array that the workers map
    backend = pool(3)

    def work(part: int) -> tuple[int, float]:
        (tmp_path / str(os.getpid())).touch()
        while len(list(tmp_path.iterdir())) < 2:
            time.sleep(0.01)  # until a second worker has started: one holds four parts at most
        time.sleep((part * 7 % 5) / 200)  # later parts may be done first
        return os.getpid(), table[part]

    results = list(backend.map(work, range(40), concurrency=4))
    assert [value for _, value in results] == list(map(float, range(40)))
    assert 2 <= len({process for process, _ in results} - {os.getpid()}) <= 3


def test_the_function_is_shipped_once_and_built_once_a_worker(pool: Pool, tmp_path: Path) -> None:
    class Built:
        def __reduce__(self) -> tuple[Any, ...]:
            return _build, (str(tmp_path),)

        def __call__(self, part: int) -> int:
            return part

    function = Built()
    backend = pool(2)
    for _ in range(3):
        assert list(backend.map(function, range(10))) == list(range(10))
    assert 1 <= len(list(tmp_path.iterdir())) <= 2


def _build(folder: str) -> object:
    Path(folder, f"{os.getpid()}").write_text("", "utf-8")
    return int


@pytest.mark.parametrize("times", [1, 2])
def test_a_killed_worker_is_replaced_and_its_parts_are_computed_again(
    pool: Pool, tmp_path: Path, times: int
) -> None:
    def work(part: int) -> int:
        if part == 5 and len(list(tmp_path.iterdir())) < times:
            (tmp_path / str(time.time_ns())).write_text("", "utf-8")
            os.kill(os.getpid(), signal.SIGKILL)
        return part * part

    notes: list[str] = []
    results = pool(2, notes.append).map(work, range(20), concurrency=4)
    assert list(results) == [part * part for part in range(20)]
    assert len(notes) == times
    assert all("a worker " in note and " computed again, 1 at a time" in note for note in notes)


def test_a_part_that_ends_three_workers_is_named(pool: Pool) -> None:
    def work(rows: RowRange) -> int:
        if rows.start == 20:
            os._exit(7)
        return len(rows)

    with pytest.raises(AuditError) as caught:
        list(pool().map(work, row_ranges(95, 10), concurrency=4))
    assert caught.value.where == "rows 21 to 30"
    assert caught.value.found.startswith("3 workers, one after another, of which each ")


@pytest.mark.parametrize("is_told", [False, True])
def test_a_part_that_lacks_memory_is_tried_with_fewer_beside_it(
    pool: Pool, tmp_path: Path, is_told: bool
) -> None:
    """Whether the error is the library's, or the message that a model makes of it."""

    def work(part: int) -> int:
        if part == 3 and not any(tmp_path.iterdir()):
            (tmp_path / "once").write_text("", "utf-8")
            error = MemoryError("no room")
            raise (is_told and machine_error(error)) or error
        return part

    notes: list[str] = []
    assert list(pool(1, notes.append).map(work, range(10), concurrency=4)) == list(range(10))
    (note,) = notes
    assert "a worker had too little memory (" in note and "no room" in note
    assert note.endswith("): 3 computed again, 2 at a time")


def test_memory_that_never_suffices_is_an_error_of_the_part(pool: Pool) -> None:
    def work(part: int) -> int:
        if part == 3:
            raise MemoryError("no room")
        return part

    with pytest.raises(AuditError, match="had too little memory") as caught:
        list(pool().map(work, range(10)))
    assert caught.value.where == "3"


def test_an_error_is_that_of_the_first_part_that_has_one(pool: Pool) -> None:
    def work(part: int) -> int:
        if part == 4:
            time.sleep(0.3)
            raise RowError(row=9, where="column 'age'", expected="a number", found="text", fix="correct it")
        if part > 4:
            raise ValueError(part)
        return part

    results = pool().map(work, range(10), concurrency=4)
    with pytest.raises(RowError) as caught:
        for part, result in enumerate(results):
            assert part == result
    assert part == 3
    assert caught.value.row == 9 and caught.value.fix == "correct it"
    assert caught.value.located("file: row 9").where == "file: row 9: column 'age'"


def test_what_cannot_be_pickled_is_an_error_and_no_waiting() -> None:
    def work(part: int) -> object:
        return (lambda: part) if part == 2 else part

    with Processes(2, print) as backend, pytest.raises(Exception, match="pickle"):
        list(backend.map(work, range(6)))


def test_a_caller_that_leaves_early_does_not_disturb_the_next_one(pool: Pool) -> None:
    def work(part: int) -> int:
        time.sleep(0.02)
        return part

    backend = pool()
    assert next(iter(backend.map(work, range(100), concurrency=4))) == 0
    assert list(backend.map(lambda part: -part, range(10))) == [-part for part in range(10)]


def test_only_a_few_parts_are_taken_at_a_time(pool: Pool) -> None:
    taken = []

    def parts() -> Iterator[int]:
        for part in range(1000):
            taken.append(part)
            yield part

    results = pool(2).map(int, parts(), concurrency=4)
    next(results)
    assert len(taken) <= 12


def test_a_single_part_needs_no_worker() -> None:
    backend = Processes(2, print)
    assert list(backend.map(lambda _: os.getpid(), [0])) == [os.getpid()]
    assert list(backend.map(int, [])) == []
    assert backend._slots == []


@given(parts=st.integers(0, 30), concurrency=st.integers(1, 5))
def test_threads_of_this_process_keep_the_order(parts: int, concurrency: int) -> None:
    assert list(LocalBackend().map(lambda part: part * 2, range(parts), concurrency=concurrency)) == [
        part * 2 for part in range(parts)
    ]


def test_a_part_that_lacks_memory_beside_others_is_computed_alone() -> None:
    tries = []

    def work(part: int) -> int:
        tries.append(part)
        if part == 2 and tries.count(2) == 1:
            raise MemoryError
        return part

    assert list(LocalBackend().map(work, range(6), concurrency=3)) == list(range(6))
    assert tries.count(2) == 2


@settings(max_examples=50)
@given(rows=st.integers(0, 10_000), batch=st.integers(1, 500))
def test_ranges_cover_all_rows_once(rows: int, batch: int) -> None:
    ranges = row_ranges(rows, batch)
    assert [row for part in ranges for row in range(rows)[part.slice]] == list(range(rows))
    assert all(0 < len(part) <= batch for part in ranges)


WAITING = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may have it ignored
from audit.execution.processes import Processes
backend = Processes(2, print)
results = backend.map(lambda part: time.sleep(0 if part < 4 else 600) or part, range(8))
next(results)
print(*(worker.process_id for worker in backend.ensure_workers()), flush=True)
next(results), next(results), next(results), next(results)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_the_process_that_audits(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    with process.stdout as output:
        workers = [psutil.Process(int(text)) for text in output.readline().split()]
    assert len(workers) == 2
    process.send_signal(number)
    process.wait(10)
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive


def test_the_program_that_audits_is_not_run_again(tmp_path: Path) -> None:
    """A script without ``if __name__ == "__main__"`` may use processes, unlike with `multiprocessing`."""
    script = tmp_path / "script.py"
    script.write_text(
        "from audit.execution.processes import Processes\n"
        "print('started')\n"
        "with Processes(2, print) as backend:\n"
        "    print(list(backend.map(lambda part: part + 1, range(3))))\n",
        "utf-8",
    )
    output = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout
    assert output == "started\n[1, 2, 3]\n"


def test_workers_that_never_start_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with Processes(2, print) as backend, pytest.raises(AuditError, match="workers that start"):
        list(backend.map(partial(pow, 2), range(4)))


class SlowStart:
    """A pool of one worker that is lost, and whose successor takes long to start; it counts seconds by waits."""

    workers = 1
    max_parts_per_worker = None

    def __init__(self, seconds_to_start: float) -> None:
        self.numbers = itertools.count()
        self.notify = print
        self.seconds = 0.0
        self.starts_at = 0.0
        self._seconds_to_start = seconds_to_start
        self._slots: list[Any] = [Scripted(self)]

    def ensure_workers(self) -> list[Any]:
        return self._slots

    def replace(self, worker: Any) -> None:
        self.starts_at = self.seconds + self._seconds_to_start
        self._slots = [Scripted(self)]

    def wait(self, workers: Any, seconds: float) -> list[Any]:
        self.seconds += seconds
        return list(workers)

    def state(self) -> str:
        return "none has started"


class Scripted(Worker):
    """A worker that starts at a pool's moment, and is lost once, after 500 seconds."""

    def __init__(self, pool: SlowStart) -> None:
        self._pool = pool
        self._numbers: list[int] = []

    def send(self, shipment: Shipment, number: int, part: Any) -> None:
        self._numbers.append(number)

    def receive(self) -> list[Answer]:
        if self._pool.starts_at == 0 and self._pool.seconds >= 500:
            raise WorkerLost("ended")
        self.is_ready = self._pool.seconds >= self._pool.starts_at
        if not self.is_ready or self._pool.seconds < 600:
            return []
        return [Answer("result", self._numbers.pop(0), None)] if self._numbers else []

    def end(self) -> None:
        pass


@pytest.mark.parametrize(("seconds", "starts"), [(60.0, True), (10_000.0, False)])
def test_a_successor_has_as_long_to_start_as_a_first_worker(
    monkeypatch: pytest.MonkeyPatch, seconds: float, starts: bool
) -> None:
    """However long the map has run."""
    pool = SlowStart(seconds)
    monkeypatch.setattr(pool_map, "time", SimpleNamespace(monotonic=lambda: pool.seconds))
    waiting: Any = pool  # stands in for a pool
    results = PoolMap(waiting, Shipment("key", None), iter(range(3)), 1).results()
    if starts:
        assert list(results) == [None] * 3
    else:
        with pytest.raises(AuditError, match="none has started"):
            list(results)
