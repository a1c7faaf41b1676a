"""The store of monitoring keeps its promises: counted once, whole or not at all, and one message for what fails."""

from __future__ import annotations

import ast
import math
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from audit.errors import AuditError
from audit.monitoring import store as store_module
from audit.monitoring.outcome import BatchOutcome, EValue, Event, IntervalEstimate, RuleOutcome
from audit.monitoring.store import FILE, Run, Store, existing_store, open_store
from audit.monitoring.webhook import deliver

from . import stores
from .receiver import serving
from .stores import (
    IDENTITY,
    MODELS,
    RECORDED,
    REFERENCE,
    Batch,
    Counting,
    InMemory,
    as_nobody,
    content,
    decider_of,
    filled,
    opened,
    processes,
    require_same_state,
    require_sound,
    small_disk,
    stored_batches,
    without_rights,
)

PROCESSES = 8


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[Counting]:
    """A store with two batches, the first of them with labels that came later."""
    counting = Counting(tmp_path / "store")
    for batch in (Batch(1), Batch(2), Batch(1, "first")):
        counting.count(batch)
    yield counting
    counting.close()


def the_run(store: Store) -> Run:
    run = store.run(MODELS[0])
    assert run is not None
    return run


def outcome_of(batch: Batch) -> BatchOutcome:
    return decider_of(1).decide(
        decider_of(1).initial(), batch.measured({}), stores.Arrival(batch.as_of, RECORDED)
    )[1]


def append(store: Store, batch: Batch, number: int = 0) -> None:
    """Append a batch and its alerts as they are, in a transaction of the caller."""
    outcome = replace(outcome_of(batch), events=[Event(kind="drift", text=f"alert {number}", subject="age")])
    store.append(the_run(store), outcome, batch.labels_digest, b"", decider_of(1).initial())


def test_neither_store_nor_decisions_start_tensorflow() -> None:
    modules = (
        "audit.monitoring.store, audit.monitoring.decision, audit.monitoring.export, tests.monitoring.stores"
    )
    code = f"import sys, {modules}; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_the_stand_in_calls_the_store_as_monitor_does() -> None:
    monitor = Path(store_module.__file__).with_name("monitor.py")
    ours = Path(stores.__file__)
    for name in ("_append", "_counted_once", "_counted", "_last"):
        assert store_calls(monitor, name) == store_calls(ours, name)
    assert store_calls(monitor, "_append") == ["run", "begin_run", "state", "latest_time", "append"]
    for file in (monitor, ours):
        text = ast.unparse(method(file, "_counted_once"))
        assert re.search(
            r"with store.transaction\(\):\n +if self._counted\(\w+\).keys\(\) != counted.keys\(\):", text
        )


def method(file: Path, name: str) -> ast.AST:
    """Return a method of the class that counts batches."""
    tree = ast.parse(file.read_text("utf-8"))
    (counting,) = (
        node for node in tree.body if isinstance(node, ast.ClassDef) and node.name in ("Monitor", "Counting")
    )
    (found,) = (node for node in counting.body if isinstance(node, ast.FunctionDef) and node.name == name)
    return found


def store_calls(file: Path, name: str) -> list[str]:
    """Return the methods of a store that a method calls, in their order."""
    calls = [node for node in ast.walk(method(file, name)) if isinstance(node, ast.Call)]
    texts = [
        ast.unparse(call.func) for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset))
    ]
    return [match[1] for text in texts if (match := re.fullmatch(r"(?:self\.)?_?store\.(\w+)", text))]


# --- processes at once


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


# --- whole or not at all


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, AuditError])
def test_a_transaction_that_fails_leaves_neither_batch_nor_alert(
    counting: Counting, error: type[BaseException]
) -> None:
    store, before = counting.store, require_sound(counting.store.folder)
    raised = AuditError(where="here", expected="x", found="y") if error is AuditError else error()
    with pytest.raises(error), store.transaction():
        append(store, Batch(3))
        store.begin_run(MODELS[1], "v2", RECORDED, REFERENCE)
        assert len(store.pending()) == 1 and len(store.runs()) == 2
        raise raised
    assert (store.pending(), len(store.runs())) == ([], 1)
    assert repr(require_sound(store.folder)) == repr(before)


def test_alerts_are_committed_with_their_batch(counting: Counting) -> None:
    with opened(counting.store.folder) as other:
        with counting.store.transaction():
            append(counting.store, Batch(3))
            assert (other.pending(), len(other.outcomes(the_run(other)))) == ([], 3)
        assert [alert.text for alert in other.pending()] == ["alert 0"]
        assert len(other.outcomes(the_run(other))) == 4


def test_the_first_model_is_no_news_and_the_next_is(counting: Counting) -> None:
    assert counting.store.pending() == []
    other = Counting(counting.store.folder, MODELS[1])
    other.count(Batch(1))
    other.close()
    (alert,) = counting.store.pending()
    assert (alert.kind, alert.created) == ("started", RECORDED)
    facts = {"version": "income@b", "model": MODELS[1], "as_of": Batch(1).as_of, "subject": MODELS[1]}
    assert alert.facts == facts


def test_alerts_stay_in_order_until_they_are_delivered(counting: Counting) -> None:
    store = counting.store
    for number in range(5):
        with store.transaction():
            append(store, Batch(10 + number), number)
    store.mark_failed(3, "no answer")
    store.mark_delivered(2)
    store.mark_delivered(4)
    store.mark_delivered(4)
    store.mark_delivered(99)
    assert [(alert.id, alert.text) for alert in store.pending()] == [
        (1, "alert 0"), (3, "alert 2"), (5, "alert 4"),
    ]  # fmt: skip
    with opened(store.folder) as other:
        assert other.pending() == store.pending()
    rows = store.connection.execute("SELECT id, delivered, problem FROM alerts ORDER BY id").fetchall()
    assert rows == [(1, 0, ""), (2, 1, ""), (3, 0, "no answer"), (4, 1, ""), (5, 0, "")]
    store.mark_delivered(3)
    assert store.connection.execute("SELECT problem FROM alerts WHERE id = 3").fetchone() == ("",)


@pytest.mark.parametrize(
    "write",
    [
        lambda store: append(store, Batch(3)),
        lambda store: store.begin_run(MODELS[1], "v2", RECORDED, REFERENCE),
        lambda store: store.add_alert(RECORDED, "drift", "text", {}),
    ],
)
def test_nothing_is_written_outside_a_transaction(
    counting: Counting, write: Callable[[Store], object]
) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        write(counting.store)
    assert (len(require_sound(counting.store.folder)), counting.store.pending()) == (3, [])


def test_what_is_stored_is_read_as_it_was(counting: Counting) -> None:
    """Values that JSON, or a careless reader of it, would change."""
    nothing = IntervalEstimate(value=math.nan, low=-math.inf, high=math.inf)
    smallest = IntervalEstimate(value=5e-324, low=-0.0, high=0.1 + 0.2)
    outcome = BatchOutcome(
        sequence=4, as_of="2027-02-01T00:00:00Z", recorded=RECORDED, digest="sha256:4", rows=2**53 + 1,
        labelled=0, state="quiet", evidence=EValue(log_e=-math.inf, log_line=1e308, alarm=False),
        rules=[
            RuleOutcome(
                rule='"\x00\ud7ff\U0001f600', metric="m", estimate=estimate, low=-math.inf, high=1.0, rows=0,
                where={"truth": True, "one": 1, "float": 1.0, "text": "1", "empty": ""},
            )
            for estimate in (nothing, smallest)
        ],
    )  # fmt: skip
    store, run = counting.store, the_run(counting.store)
    with store.transaction():
        store.append(run, outcome, "", np.array([0, 2**64 - 1], "<u8").tobytes(), decider_of(1).initial())
    assert repr(store.last_outcome(run)) == repr(outcome)
    assert store.counted(run, "sha256:4")[""].tolist() == [0, 2**64 - 1]


def test_a_model_whose_name_is_not_utf_8(counting: Counting) -> None:
    store = counting.store
    with store.transaction():
        run = store.begin_run(MODELS[1], "mod\udcffel", RECORDED, REFERENCE)
    assert run.version == "mod\\udcffel" and store.run(MODELS[1]) == run


# --- errors


METHODS: dict[str, Callable[[Store, Run], object]] = {
    "run": lambda store, _: store.run(MODELS[0]),
    "runs": lambda store, _: store.runs(),
    "begin_run": lambda store, _: store.begin_run(MODELS[0], "v", RECORDED, REFERENCE),
    "state": lambda store, run: store.state(run),
    "append": lambda store, run: store.append(run, outcome_of(Batch(3)), "", b"", decider_of(1).initial()),
    "outcomes": lambda store, run: store.outcomes(run),
    "last_outcome": lambda store, run: store.last_outcome(run),
    "counted": lambda store, run: store.counted(run, Batch(1).digest),
    "latest_time": lambda store, run: store.latest_time(run),
    "end_by_rollback": lambda store, run: store.end_by_rollback(
        run, Event(kind="rollback", text="x"), RECORDED
    ),
    "add_alert": lambda store, _: store.add_alert(RECORDED, "drift", "text", {}),
    "pending": lambda store, _: store.pending(),
    "mark_delivered": lambda store, _: store.mark_delivered(1),
    "mark_failed": lambda store, _: store.mark_failed(1, "no answer"),
    "transaction": lambda store, _: store.transaction().__enter__(),
}
OWN_TRANSACTION = {"transaction", "end_by_rollback", "mark_delivered", "mark_failed"}


def test_every_method_is_listed() -> None:
    public = {name for name, value in vars(Store).items() if callable(value) and not name.startswith("_")}
    assert public == METHODS.keys() | {"close"}


@pytest.mark.parametrize("name", METHODS)
def test_no_method_raises_an_error_of_sqlite(counting: Counting, name: str) -> None:
    """Of a closed file; and, within a transaction, of one whose tables are gone."""
    store, run = counting.store, the_run(counting.store)
    if name not in OWN_TRANSACTION:
        with pytest.raises(AuditError, match="no such table"), store.transaction():
            store.connection.execute("DROP TABLE batches")
            store.connection.execute("DROP TABLE alerts")
            store.connection.execute("DROP TABLE runs")
            METHODS[name](store, run)
        assert len(require_sound(store.folder)) == 3
    store.close()
    with pytest.raises(AuditError, match="closed database"):
        METHODS[name](store, run)


def test_a_batch_that_is_there_is_refused_by_the_table(counting: Counting) -> None:
    store, before = counting.store, require_sound(counting.store.folder)
    with pytest.raises(AuditError, match="UNIQUE"), store.transaction():
        append(store, Batch(2))
    assert repr(require_sound(store.folder)) == repr(before) and store.pending() == []


def test_a_transaction_within_another_undoes_it(counting: Counting) -> None:
    store = counting.store
    with pytest.raises(AuditError, match="within a transaction"), store.transaction():
        append(store, Batch(3))
        store.mark_delivered(1)
    assert len(require_sound(store.folder)) == 3


def test_nothing_is_created_by_looking(tmp_path: Path) -> None:
    assert existing_store(tmp_path / "a" / "store", IDENTITY) is None
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("x")
    assert existing_store(tmp_path / "file", IDENTITY) is None
    open_store(tmp_path / "a" / "store", IDENTITY).close()
    store = existing_store(tmp_path / "a" / "store", IDENTITY)
    assert store and store.runs() == []
    store.close()


def test_an_empty_file_is_no_store_yet(tmp_path: Path) -> None:
    """It is what a process leaves that is killed before the tables are there."""
    (tmp_path / FILE).touch()
    assert existing_store(tmp_path, IDENTITY) is None
    assert (tmp_path / FILE).stat().st_size == 0
    with opened(tmp_path) as store:
        assert store.runs() == []


def refused(folder: Path, found: str, fix: str, policy: str = IDENTITY) -> None:
    """Require one message from whoever opens a store, and a file that stays as it is."""
    before = content(folder)
    for open_one in (existing_store, open_store):
        with pytest.raises(AuditError) as error:
            open_one(folder, policy)
        assert found in error.value.found and fix in error.value.fix, str(error.value)
        assert error.value.where.startswith(str(folder))
        assert content(folder) == before


def test_a_store_of_another_policy(counting: Counting) -> None:
    refused(counting.store.folder, "that of another", "--store", policy="sha256:0")


@pytest.mark.parametrize("version", ["2", "0", "1.0", ""])
def test_a_store_of_another_version(counting: Counting, version: str) -> None:
    counting.store.connection.execute("UPDATE about SET value = ? WHERE name = 'schema_version'", (version,))
    refused(counting.store.folder, f"version {version}", "release")


@pytest.mark.parametrize("statement", ["CREATE TABLE runs (id INTEGER)", "PRAGMA user_version = 7"])
def test_a_database_of_another_program(tmp_path: Path, statement: str) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute(statement)
    refused(tmp_path, "without its tables", "--store")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"x", "no database"),
        (b"SQLite format 3\0", "not a database"),
        (b"no database" * 1000, "not a database"),
        (bytes(8192), "not a database"),
        (b"SQLite format 3\0" * 512, "not a database"),
    ],
)
def test_a_file_that_is_no_database(tmp_path: Path, text: bytes, found: str) -> None:
    (tmp_path / FILE).write_bytes(text)
    refused(tmp_path, found, "--store")


@pytest.mark.parametrize("lost", [1, 3000, 4096, 4097, 20_000])
def test_a_file_that_was_cut_off(counting: Counting, lost: int) -> None:
    file = counting.store.folder / FILE
    file.write_bytes(file.read_bytes()[:-lost])
    refused(counting.store.folder, "malformed" if lost >= 4096 else "cut off", "backup")


@pytest.mark.parametrize(
    ("statement", "method"),
    [
        ("UPDATE runs SET reference = '{}'", "run"),
        ("UPDATE runs SET reference = '['", "runs"),
        ("UPDATE runs SET state = x'00'", "state"),
        ("UPDATE runs SET state = x''", "state"),
        ("UPDATE runs SET state = substr(state, 1, length(state) / 2)", "state"),
        ("UPDATE runs SET state = (SELECT keys FROM batches WHERE length(keys))", "state"),
        ("UPDATE batches SET outcome = '{}'", "outcomes"),
        ("UPDATE batches SET outcome = replace(outcome, '}', '')", "last_outcome"),
        ("UPDATE batches SET outcome = '{\"events\": 1'", "end_by_rollback"),
        ("UPDATE batches SET keys = x'00'", "counted"),
        ("UPDATE batches SET keys = 1", "counted"),
        ("INSERT INTO alerts (created, kind, text, facts) VALUES ('', '', '', '{')", "pending"),
    ],
)
def test_content_that_is_damaged(counting: Counting, statement: str, method: str) -> None:
    store, run = counting.store, the_run(counting.store)
    store.connection.execute(statement)
    with pytest.raises(AuditError, match=r"cannot be read \(.*\n.*backup"):
        METHODS[method](store, run)


def test_a_directory_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    refused(tmp_path, "unable to open", "permissions")


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "store"):
        with pytest.raises(AuditError, match="check the path and its permissions"):
            open_store(folder, IDENTITY)


@pytest.mark.parametrize("what", ["directory", "file", "both", "hidden"])
def test_a_store_that_may_not_be_written(what: str) -> None:
    with without_rights() as folder:
        counting = Counting(folder)
        counting.count(Batch(1))
        counting.close()
        before = content(folder)
        (folder / FILE).chmod(0o444 if what in ("file", "both") else 0o666)
        folder.chmod({"file": 0o777, "hidden": 0o700}.get(what, 0o555))
        for open_one in (existing_store, open_store):
            with as_nobody(), pytest.raises(AuditError, match="permissions"):
                open_one(folder, IDENTITY)
        folder.chmod(0o755)
        assert content(folder) == before


def test_a_new_store_where_nothing_may_be_written() -> None:
    with without_rights() as folder:
        folder.chmod(0o555)
        for place in (folder, folder / "new"):
            with as_nobody(), pytest.raises(AuditError, match="permissions"):
                open_store(place, IDENTITY)
        assert list(folder.iterdir()) == []


def test_rights_that_are_lost_while_a_store_is_open() -> None:
    with without_rights() as folder:
        folder.chmod(0o777)
        with as_nobody():
            counting = Counting(folder)
            counting.count(Batch(1))
        folder.chmod(0o555)
        with as_nobody(), pytest.raises(AuditError, match="permissions"):
            counting.count(Batch(2))
        folder.chmod(0o777)
        with as_nobody():
            counting.count(Batch(2))
            counting.close()
        assert len(require_sound(folder)) == 2


def test_a_disk_without_room_at_any_page(tmp_path: Path) -> None:
    """With room for ever more pages the journal, the file or the commit is what fails, until nothing does."""
    kinds = []
    with small_disk(tmp_path) as disk:
        counting = Counting(disk)
        counting.count(Batch(1000))
        for spare in range(20):
            before, files = require_sound(disk), content(disk)
            batch = Batch(2 + spare)
            with filled(disk, spare):
                try:
                    counting.count(batch)
                    kinds.append("counted")
                except AuditError as error:
                    assert error.found == "database or disk is full" and "make room" in error.fix, str(error)
                    kinds.append("full")
            if kinds[-1] == "full":
                assert content(disk) == files
                assert repr(require_sound(disk)) == repr(before)
                counting.count(batch)  # with the connection that failed
            assert len(require_sound(disk)) == 2 + spare
        counting.close()
    assert kinds == sorted(kinds, reverse=True) and kinds.count("full") > 3 and kinds.count("counted") > 3


def test_alerts_on_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk, opened(disk) as store:
        with store.transaction():
            store.add_alert(RECORDED, "drift", "text", {})
        with filled(disk):
            for mark in (store.mark_delivered, lambda place: store.mark_failed(place, "no answer")):
                with pytest.raises(AuditError, match="make room"):
                    mark(1)
        assert [alert.id for alert in store.pending()] == [1]
        store.mark_delivered(1)
        assert store.pending() == []


def test_a_store_on_a_full_disk_is_not_opened_and_not_begun(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        for spare in range(12):
            folder = disk / str(spare)
            folder.mkdir()
            with filled(disk, spare):
                try:
                    open_store(folder, IDENTITY).close()
                except AuditError as error:
                    assert "make room" in error.fix or "space" in error.fix, str(error)
            with opened(folder) as store:
                assert store.runs() == []
            before = content(folder)
            with filled(disk), pytest.raises(AuditError, match="make room"):
                open_store(folder, IDENTITY)
            assert content(folder) == before
            shutil.rmtree(folder)


# --- how it is stored


def test_commits_survive_a_power_failure(counting: Counting) -> None:
    """What was asked for; `test_store_faults.py` looks at the calls to the system."""
    pragma = counting.store.connection.execute
    assert pragma("PRAGMA journal_mode").fetchone() == ("delete",)
    assert pragma("PRAGMA synchronous").fetchone() == (3,), "the directory is not synced after a commit"


def test_no_question_reads_what_grows(counting: Counting) -> None:
    """The last batch is found by an index, and large keys are not read to get at an outcome."""
    statements: list[str] = []
    store, run = counting.store, the_run(counting.store)
    store.connection.set_trace_callback(statements.append)
    store.last_outcome(run)
    store.outcomes(run)
    store.counted(run, Batch(1).digest)
    store.latest_time(run)
    store.connection.set_trace_callback(None)
    for statement in statements:
        plan = str(store.connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall())
        assert "SEARCH batches USING INDEX" in plan and "TEMP B-TREE" not in plan, (statement, plan)
    columns = [row[1] for row in store.connection.execute("PRAGMA table_info(batches)")]
    assert columns[-1] == "keys"


# --- against lists in memory


class StoreAgainstLists(RuleBasedStateMachine):
    """Batches, late labels, other models, rollbacks and alerts in any order, with and without closing the file."""

    @initialize()
    def begin(self) -> None:
        self.directory = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        self.expected = InMemory()
        self.model = MODELS[0]
        self.delivered: set[int] = set()
        self.counting = Counting(Path(self.directory.name) / "store", self.model)

    @rule(
        number=st.sampled_from([0, 1, 2, 3, 1000, 1001]), labels=st.sampled_from(["", "first", "last", "all"])
    )
    def count(self, number: int, labels: str) -> None:
        batch = Batch(number, labels)
        is_new = self.expected.count(self.model, batch)
        outcome, counted = self.counting.count(batch)
        assert counted == is_new
        assert repr(outcome) == repr(self.expected.runs[-1].outcomes[-1])

    @rule(model=st.sampled_from(MODELS))
    def monitor_model(self, model: str) -> None:
        self.model = model
        self.reopen()

    @rule()
    def reopen(self) -> None:
        self.counting.close()
        self.counting = Counting(Path(self.directory.name) / "store", self.model)

    @precondition(lambda self: self.expected.runs)
    @rule()
    def roll_back(self) -> None:
        run = self.counting.store.runs()[-1]
        event = Event(kind="rollback", subject="accurate", text=f"rolled back to {len(self.expected.alerts)}")
        self.counting.store.end_by_rollback(run, event, RECORDED)
        self.expected.roll_back(event)

    @precondition(lambda self: self.expected.alerts)
    @rule(data=st.data(), is_delivered=st.booleans())
    def mark(self, data: st.DataObject, is_delivered: bool) -> None:
        place = data.draw(st.integers(1, len(self.expected.alerts)))
        if is_delivered:
            self.counting.store.mark_delivered(place)
            self.delivered.add(place)
        else:
            self.counting.store.mark_failed(place, "no answer")

    @rule()
    def fail_in_a_transaction(self) -> None:
        with pytest.raises(ZeroDivisionError), self.counting.store.transaction():
            self.counting.store.add_alert(RECORDED, "drift", "of nothing", {})
            self.counting.store.begin_run(MODELS[0], "v", RECORDED, REFERENCE)
            raise ZeroDivisionError

    @invariant()
    def agree(self) -> None:
        store = self.counting.store
        runs = store.runs()
        assert runs == [
            Run(run.number, run.model, run.version, RECORDED, REFERENCE, run.rolled_back)
            for run in self.expected.runs
        ]
        for run, expected in zip(runs, self.expected.runs, strict=True):
            assert repr(store.outcomes(run)) == repr(expected.outcomes)
            assert repr(store.last_outcome(run)) == repr(expected.outcomes[-1])
            assert store.latest_time(run) == expected.latest
            for digest in {batch.digest for batch, _ in expected.batches} | {"sha256:none"}:
                counted = {name: keys.tolist() for name, keys in store.counted(run, digest).items()}
                assert counted == {name: keys.tolist() for name, keys in expected.counted(digest).items()}
            require_same_state(store.state(run), expected.state)
        for model in MODELS:
            is_newest = bool(runs) and runs[-1].model == model
            assert store.run(model) == (runs[-1] if is_newest else None)
        assert [(alert.id, alert.kind, alert.text, alert.facts) for alert in store.pending()] == [
            (place, *alert)
            for place, alert in enumerate(self.expected.alerts, 1)
            if place not in self.delivered
        ]

    def teardown(self) -> None:
        self.counting.close()
        self.directory.cleanup()


TestStoreAgainstLists = StoreAgainstLists.TestCase
TestStoreAgainstLists.settings = settings(
    max_examples=60, stateful_step_count=20, suppress_health_check=list(HealthCheck)
)
