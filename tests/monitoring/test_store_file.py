"""Files that are no store, are damaged, or cannot be written: one message, and everything stays as it is."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from audit.errors import AuditError
from audit.monitoring.outcome import Event
from audit.monitoring.store import Run, Store
from audit.monitoring.store_file import FILE

from .restricted_folders import as_nobody, filled, small_disk, without_rights
from .stores import (
    IDENTITY,
    MODELS,
    RECORDED,
    REFERENCE,
    Batch,
    Counting,
    content,
    decider_of,
    opened,
    outcome_of,
    the_run,
)
from .stores_in_memory import require_sound

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
    public = {name for name in dir(Store) if callable(getattr(Store, name)) and not name.startswith("_")}
    assert public == METHODS.keys() | {"open", "open_existing", "close"}


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


def test_nothing_is_created_by_looking(tmp_path: Path) -> None:
    assert Store.open_existing(tmp_path / "a" / "store", IDENTITY) is None
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("x")
    assert Store.open_existing(tmp_path / "file", IDENTITY) is None
    Store.open(tmp_path / "a" / "store", IDENTITY).close()
    store = Store.open_existing(tmp_path / "a" / "store", IDENTITY)
    assert store and store.runs() == []
    store.close()


def test_an_empty_file_is_no_store_yet(tmp_path: Path) -> None:
    """It is what a process leaves that is killed before the tables are there."""
    (tmp_path / FILE).touch()
    assert Store.open_existing(tmp_path, IDENTITY) is None
    assert (tmp_path / FILE).stat().st_size == 0
    with opened(tmp_path) as store:
        assert store.runs() == []


def refused(folder: Path, found: str, fix: str, policy: str = IDENTITY) -> None:
    """Require one message from whoever opens a store, and a file that stays as it is."""
    before = content(folder)
    for open_one in (Store.open_existing, Store.open):
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
            Store.open(folder, IDENTITY)


@pytest.mark.parametrize("what", ["directory", "file", "both", "hidden"])
def test_a_store_that_may_not_be_written(what: str) -> None:
    with without_rights() as folder:
        counting = Counting(folder)
        counting.count(Batch(1))
        counting.close()
        before = content(folder)
        (folder / FILE).chmod(0o444 if what in ("file", "both") else 0o666)
        folder.chmod({"file": 0o777, "hidden": 0o700}.get(what, 0o555))
        for open_one in (Store.open_existing, Store.open):
            with as_nobody(), pytest.raises(AuditError, match="permissions"):
                open_one(folder, IDENTITY)
        folder.chmod(0o755)
        assert content(folder) == before


def test_a_new_store_where_nothing_may_be_written() -> None:
    with without_rights() as folder:
        folder.chmod(0o555)
        for place in (folder, folder / "new"):
            with as_nobody(), pytest.raises(AuditError, match="permissions"):
                Store.open(place, IDENTITY)
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
                    Store.open(folder, IDENTITY).close()
                except AuditError as error:
                    assert "make room" in error.fix or "space" in error.fix, str(error)
            with opened(folder) as store:
                assert store.runs() == []
            before = content(folder)
            with filled(disk), pytest.raises(AuditError, match="make room"):
                Store.open(folder, IDENTITY)
            assert content(folder) == before
            shutil.rmtree(folder)
