"""Processes that use a store at once count every batch once, and wait for each other."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from audit.errors import AuditError
from audit.monitoring.store_file import FILE
from audit.monitoring.webhook import deliver

from .receiver import serving
from .stores import RECORDED, Batch, Counting, append, opened, processes
from .stores_in_memory import require_sound, stored_batches

PROCESSES = 8


def work(place: int, folder: Path, start: Barrier, results: Connection) -> None:
    """Count batches of its own and those that all processes are given, and send what came of each."""
    counting = Counting(folder, pause=0.004)
    start.wait()
    counted = []
    for batch in batches_of(place):
        if place % 2:  # as `audit monitor` does, which is a process a batch
            counting.close()
            counting = Counting(folder, pause=0.004)
        outcome, is_new = counting.count(batch)
        counted.append((batch, is_new, outcome.sequence))
    results.send((counted, counting.repeats))
    counting.close()


def batches_of(place: int) -> Iterator[Batch]:
    for number in range(6):
        labels = ["", "first", "last"]
        yield from (Batch(number, name) for name in (labels if place % 3 else reversed(labels)))
        yield Batch(100 * (1 + place) + number)


def test_processes_at_once_lose_nothing_and_count_nothing_twice(tmp_path: Path) -> None:
    context = processes()
    start = context.Barrier(PROCESSES)
    pipes = [context.Pipe(duplex=False) for _ in range(PROCESSES)]
    workers = [
        context.Process(target=work, args=(place, tmp_path / "store", start, pipe[1]))
        for place, pipe in enumerate(pipes)
    ]
    for worker in workers:
        worker.start()
    for _, sender in pipes:
        sender.close()
    answers = [receiver.recv() for receiver, _ in pipes]
    for worker in workers:
        worker.join()
    counted = {batch: sequence for results, _ in answers for batch, is_new, sequence in results if is_new}
    number = sum(is_new for results, _ in answers for _, is_new, _ in results)
    given = {batch for place in range(PROCESSES) for batch in batches_of(place)}
    stored = stored_batches(tmp_path / "store")
    assert {batch: place for place, batch in enumerate(stored, 1)} == counted
    assert len(stored) == number == len(counted)
    without_news = {batch for batch in given if not batch.labels and Batch(batch.number, "first") in counted}
    assert given - without_news <= set(stored) <= given
    assert sum(repeats for _, repeats in answers) > 0, "no process was overtaken: nothing was shown"
    require_sound(tmp_path / "store")


def hold(folder: Path, signal: Connection, seconds: float) -> None:
    """Be in a transaction for some time."""
    with opened(folder) as store, store.transaction():
        append(store, Batch(50), 50)
        signal.send("in")
        time.sleep(seconds)


def test_alerts_are_delivered_while_another_process_is_in_a_transaction(counting: Counting) -> None:
    pytest.importorskip("httpx")
    pytest.importorskip("tenacity")
    store, folder = counting.store, counting.store.folder
    with store.transaction():
        store.add_alert(RECORDED, "drift", "first", {})
        store.add_alert(RECORDED, "drift", "second", {})
    context = processes()
    receiver, sender = context.Pipe(duplex=False)
    other = context.Process(target=hold, args=(folder, sender, 0.5))
    other.start()
    assert receiver.recv() == "in"
    with serving() as hook:
        began = time.monotonic()
        delivery = deliver(store, hook.url, "json", folder / "alerts.lock")
        assert time.monotonic() - began > 0.3
        assert (delivery.delivered, delivery.waiting, hook.ids) == (2, 0, [1, 2])
    other.join()
    assert [alert.text for alert in store.pending()] == ["alert 50"]
    store.mark_failed(3, "no answer")
    assert [alert.id for alert in store.pending()] == [3]


def test_an_alert_that_could_not_be_marked_is_sent_again_under_its_key(counting: Counting) -> None:
    pytest.importorskip("httpx")
    pytest.importorskip("tenacity")
    store = counting.store
    with store.transaction():
        store.add_alert(RECORDED, "drift", "first", {})
    store.connection.execute("PRAGMA busy_timeout = 50")
    with serving() as hook:
        with opened(store.folder) as other, other.transaction(), pytest.raises(AuditError, match="locked"):
            deliver(store, hook.url, "json", store.folder / "alerts.lock")
        assert deliver(store, hook.url, "json", store.folder / "alerts.lock").delivered == 1
        assert hook.ids == [1, 1] and len(set(hook.keys)) == 1


def test_a_process_that_waits_too_long_says_so(counting: Counting) -> None:
    store = counting.store
    store.connection.execute("PRAGMA busy_timeout = 50")
    with opened(store.folder) as other:
        with other.transaction(), pytest.raises(AuditError, match=r"database is locked\n.*another process"):
            store.mark_delivered(1)
        with other.transaction(), pytest.raises(AuditError, match="database is locked"):
            store.mark_failed(1, "no answer")
    store.mark_delivered(1)


def test_a_commit_that_fails_is_rolled_back(counting: Counting) -> None:
    """Somebody reads in a transaction of his own, so that the file cannot be written."""
    store, before = counting.store, require_sound(counting.store.folder)
    store.connection.execute("PRAGMA busy_timeout = 50")
    with closing(sqlite3.connect(store.folder / FILE, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM runs").fetchall()
        with pytest.raises(AuditError, match="database is locked"), store.transaction():
            append(store, Batch(3))
    assert repr(require_sound(store.folder)) == repr(before) and store.pending() == []
    counting.count(Batch(3))
    assert len(require_sound(store.folder)) == 4
