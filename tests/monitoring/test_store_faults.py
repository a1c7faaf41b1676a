"""The store under `kill -9`, full disks and damaged bytes, at moments and places that are drawn at random."""

from __future__ import annotations

import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from audit.errors import AuditError
from audit.monitoring.export import write_table
from audit.monitoring.store import Store
from audit.monitoring.store_file import FILE

from .stores import IDENTITY, MODELS, Batch, Counting, content, opened, processes
from .stores_in_memory import require_sound, stored_batches

KILLS = 50
STORES = 5
EXPORTED = 20
FLIPS = 200
JOURNAL = f"{FILE}-journal"


def started(target: Callable[..., None], *arguments: Any) -> tuple[ForkServerProcess, Connection]:
    """Start a process and return it with what it says, which it is given as its last argument."""
    context = processes()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=target, args=(*arguments, sender))
    process.start()
    sender.close()
    return process, receiver


def killed(process: ForkServerProcess, receiver: Connection, seconds: float) -> list[Any]:
    """Kill a process some time after its first word, and return all that it said."""
    words = [receiver.recv()]
    time.sleep(seconds)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    try:
        while True:
            words.append(receiver.recv())
    except (EOFError, ConnectionResetError):
        return words


def count_forever(folder: Path, first: int, words: Connection) -> None:
    """Count batches, each as a process of `audit monitor` does, and say which are committed."""
    for number in count(first):
        counting = Counting(folder)
        batch = Batch(number, "" if number % 5 == 0 else "many")
        counting.count(batch)
        words.send(batch)
        counting.close()


def test_what_was_committed_survives_kill_9_at_any_moment(tmp_path: Path) -> None:
    moments, seen = random.Random(20270131), Counter[str]()
    expected: dict[Path, list[Batch]] = {}
    for kill in range(KILLS):
        folder = tmp_path / str(kill % STORES)
        before = expected.get(folder, [])
        process, receiver = started(count_forever, folder, len(before))
        said = killed(process, receiver, moments.uniform(0, 0.1))
        has_journal = (folder / JOURNAL).exists()
        with opened(folder) as store:
            run = store.run(MODELS[0])
            state = run and store.state(run)
        with closing(sqlite3.connect(folder / FILE)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        stored, committed = stored_batches(folder), [*before, *said]
        assert stored[: len(committed)] == committed
        assert len(stored) - len(committed) in (0, 1)
        assert state and state.sequence == len(stored)
        seen["in a commit" if has_journal else "after it" if len(stored) > len(committed) else "between"] += 1
        expected[folder] = stored
    for folder, batches in expected.items():
        assert len(require_sound(folder)) == len(batches)
    assert seen["in a commit"] + seen["after it"] > 2, (
        f"hardly a kill fell into a commit: the moments prove little: {seen}"
    )


def count_when_told(folder: Path, batch: Batch, told: Connection, words: Connection) -> None:
    counting = Counting(folder)
    words.send("ready")
    told.recv()
    counting.count(batch)
    words.send("done")


def killed_at(call: str, number: int, folder: Path) -> bool:
    """Count a batch, kill the process as it makes a call to the system for the n-th time; return whether it did."""
    told, teller = processes().Pipe(duplex=False)
    process, receiver = started(count_when_told, folder, Batch(4, "all"), told)
    told.close()
    assert receiver.recv() == "ready"
    inject = ["-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}"]
    command = ["strace", *inject, "-o", "/dev/null", "-p", str(process.pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr
        if "attached" not in (line := tracer.stderr.readline()):
            process.kill()
            pytest.skip(f"processes may not be traced here: {line}")
        teller.send("go")
        process.join()
    return process.exitcode == -signal.SIGKILL


@pytest.mark.skipif(not shutil.which("strace"), reason="kills at calls to the system")
def test_killed_at_any_call_to_the_system_a_batch_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    counting = Counting(tmp_path / "store")
    for batch in (Batch(1), Batch(2, "all"), Batch(1, "first")):
        counting.count(batch)
    counting.close()
    kills: dict[str, list[int]] = {}
    for call in ("pwrite64", "fdatasync", "unlink"):
        for number in count(1):
            folder = tmp_path / f"{call}-{number}"
            shutil.copytree(tmp_path / "store", folder)
            is_killed = killed_at(call, number, folder)
            batches = len(require_sound(folder))
            if not is_killed:
                assert batches == 4
                break
            kills.setdefault(call, []).append(batches)
    assert all(batches == sorted(batches) and set(batches) <= {3, 4} for batches in kills.values()), kills
    assert len(kills["pwrite64"]) > 10 and len(kills["fdatasync"]) >= 4 and kills["unlink"] == [3], kills


def open_forever(folder: Path, words: Connection) -> None:
    words.send("ready")
    for number in count():
        Store.open(folder / str(number), IDENTITY).close()


def test_a_store_whose_first_process_was_killed_is_begun_by_the_next(tmp_path: Path) -> None:
    moments, unfinished = random.Random(1), 0
    for kill in range(KILLS):
        process, receiver = started(open_forever, tmp_path / str(kill))
        killed(process, receiver, moments.uniform(0, 0.05))
        for folder in (tmp_path / str(kill)).glob("*"):
            store = Store.open_existing(folder, IDENTITY)
            unfinished += store is None
            if store:
                assert store.runs() == []
                store.close()
            with opened(folder) as store:
                assert store.runs() == []
    assert unfinished > 0, "no kill fell into the creation of a store"


def export_forever(folder: Path, file: Path, words: Connection) -> None:
    """Export, most of the time, and say how many batches there were."""
    counting = Counting(folder)
    for number in count(EXPORTED):
        for _ in range(10):
            write_table(file, counting.store)
            words.send(number)
        counting.count(Batch(number))


def test_an_export_that_is_killed_leaves_a_whole_table(tmp_path: Path) -> None:
    moments, partial, table = random.Random(2), 0, tmp_path / "out" / "t.parquet"
    table.parent.mkdir()
    counting = Counting(tmp_path / "store")
    for number in range(EXPORTED):
        counting.count(Batch(number))
    counting.close()
    for kill in range(KILLS // 2):
        folder = tmp_path / str(kill)
        shutil.copytree(tmp_path / "store", folder)
        process, receiver = started(export_forever, folder, table)
        said = killed(process, receiver, moments.uniform(0, 0.1))
        batches = set(pq.read_table(table).column("batch").to_pylist())
        assert batches == set(range(1, len(batches) + 1)) and len(batches) - said[-1] in (0, 1)
        partial += any(entry != table for entry in table.parent.iterdir())
    assert partial > 0, "no kill fell into a write"


def fill_up(folder: Path, words: Connection) -> None:
    """Count under ever larger limits of the size of files, and send what came of each."""
    counting = Counting(folder)
    counting.count(Batch(1))
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (folder / FILE).stat().st_size
    for step in range(0, 24):
        resource.setrlimit(
            resource.RLIMIT_FSIZE, (600 * step if step < 12 else size + 2048 * (step - 14), hard)
        )
        try:
            counting.count(Batch(2 + step))
            found = "counted"
        except AuditError as error:
            found = str(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        stored = len(stored_batches(folder))
        outcome, is_new = counting.count(Batch(2 + step))
        words.send((step, found, stored, outcome.sequence, is_new))
        size = (folder / FILE).stat().st_size
    counting.close()


def test_a_limit_of_the_size_of_files_is_a_full_disk(tmp_path: Path) -> None:
    process, receiver = started(fill_up, tmp_path / "store")
    answers = [receiver.recv() for _ in range(24)]
    process.join()
    for step, found, stored, sequence, is_new in answers:
        assert sequence == 2 + step
        assert (stored, is_new) == ((1 + step, True) if found != "counted" else (2 + step, False))
        assert found == "counted" or ("make room on the disk" in found and "Traceback" not in found), found
    assert {found == "counted" for _, found, *_ in answers} == {True, False}
    assert len(require_sound(tmp_path / "store")) == 25


READS: list[Callable[[Store], object]] = [
    lambda store: store.runs(),
    lambda store: store.pending(),
    lambda store: [store.state(run) for run in store.runs()],
    lambda store: [store.outcomes(run) for run in store.runs()],
    lambda store: [store.counted(run, Batch(1).digest) for run in store.runs()],
    lambda store: [store.latest_time(run) for run in store.runs()],
    lambda store: store.mark_failed(1, "no answer"),
]


def test_damaged_bytes_are_an_error_of_the_store_and_of_nothing_else(tmp_path: Path) -> None:
    counting = Counting(tmp_path / "store")
    for batch in (Batch(1), Batch(1000), Batch(1, "all")):
        counting.count(batch)
    counting.close()
    content_before = (tmp_path / "store" / FILE).read_bytes()
    rng = np.random.default_rng(3)
    refused = 0
    for flip in range(FLIPS):
        damaged = np.frombuffer(content_before, np.uint8).copy()
        first = rng.integers(len(damaged)) if flip % 3 else rng.integers(200)
        damaged[first : first + rng.choice([1, 1, 16, 512])] ^= rng.integers(1, 256, dtype=np.uint8)
        (tmp_path / "store" / FILE).write_bytes(damaged.tobytes())
        for read in READS:
            try:
                with opened(tmp_path / "store") as store:
                    read(store)
            except AuditError as error:
                refused += 1
                assert error.where.startswith(str(tmp_path)), str(error)
    assert refused > FLIPS


@pytest.mark.skipif(not shutil.which("strace"), reason="looks at the calls to the system")
def test_a_commit_is_on_disk_before_it_returns(tmp_path: Path) -> None:
    """The journal, the file and, after the journal is gone, the directory: by a power failure nothing comes back."""
    folder = tmp_path / "store"
    code = (
        "import os, sys; from pathlib import Path; from tests.monitoring.stores import Batch, Counting\n"
        "counting = Counting(Path(sys.argv[1])); counting.count(Batch(1))\n"
        "os.write(2, b'BEGIN\\n'); counting.count(Batch(2)); os.write(2, b'END\\n')"
    )
    command = [
        "strace",
        "-f",
        "-y",
        "-e",
        "trace=write,fsync,fdatasync,unlink",
        "-o",
        str(tmp_path / "calls"),
    ]
    done = subprocess.run(
        [*command, sys.executable, "-c", code, str(folder)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
    )
    if b"ptrace" in done.stderr:
        pytest.skip("processes may not be traced here")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "calls").read_text().partition("BEGIN")[2].partition("END")[0]
    calls = re.findall(rf"(f(?:data)?sync|unlink)\((?:\d+<|\")({re.escape(str(folder))}[^>\"]*)", text)
    names = [("sync" if "sync" in call else call, Path(path).name) for call, path in calls]
    assert names[-3:] == [("sync", FILE), ("unlink", JOURNAL), ("sync", "store")], names
    assert ("sync", JOURNAL) in names[:-3]
    assert content(folder).keys() == {FILE}
