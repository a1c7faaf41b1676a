"""Store of monitoring: one SQLite file, in which a batch is counted once, whoever gives it and whatever is killed.

A batch, the state after it, and the alerts that it causes are written in one transaction, before anything is sent.
"""

import json
import re
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import TypeAdapter

from audit.errors import AuditError
from audit.machine_errors import machine_error
from audit.monitoring.outcome import BatchOutcome, Event
from audit.monitoring.reference import Reference
from audit.monitoring.run_state import RunState, parse_state, state_bytes
from audit.monitoring.webhook import Alert

SCHEMA_VERSION = 1
FILE = "monitoring.sqlite"
_BUSY_SECONDS = 60.0
# `keys` is the last column of its table: it may have megabytes, which SQLite reads to get at a column after it.
# The index finds the last batch of a run without sorting them all.
_SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, model TEXT NOT NULL, version TEXT NOT NULL, started TEXT NOT NULL,
    reference TEXT NOT NULL, state BLOB, rolled_back TEXT NOT NULL DEFAULT ''
);
CREATE TABLE batches (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs, digest TEXT NOT NULL, labels TEXT NOT NULL,
    as_of TEXT NOT NULL, outcome TEXT NOT NULL, keys BLOB NOT NULL, UNIQUE (run, digest, labels)
);
CREATE INDEX batches_in_order ON batches (run);
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY, created TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, facts TEXT NOT NULL,
    delivered INTEGER NOT NULL DEFAULT 0, problem TEXT NOT NULL DEFAULT ''
);
"""
# The journal is SQLite's default, a rollback journal that is deleted at each commit.
# - EXTRA syncs the directory after that. With FULL, a power failure may bring the journal back and so undo a commit
#   that was reported, and whose alert was sent.
# - A write-ahead log (WAL) would keep batches in a second file while any process has the store open, and after
#   `kill -9`: a copy of `monitoring.sqlite` alone, as a CI cache or artifact, would lack them. It needs shared memory
#   even to read, and SQLite before 3.51.3 may damage a file that several processes write ("WAL-reset bug").
# - Its gain, that readers do not wait for writers, is worth milliseconds here: every reader ends with its statement.
_SYNCHRONOUS = "PRAGMA synchronous = EXTRA"
_PARSE_ERRORS = (
    *(ValueError, LookupError, TypeError, EOFError, NotImplementedError),
    *(struct.error, zipfile.BadZipFile, zlib.error),
)
"""Exceptions by which the parsers of JSON, arrays and archives refuse damaged content."""
_FIXES = {
    sqlite3.SQLITE_FULL: "make room on the disk; nothing was written",
    sqlite3.SQLITE_IOERR: "make room on the disk, or have it checked; nothing was written",
    sqlite3.SQLITE_BUSY: "another process holds it: run the command again; nothing was written",
    sqlite3.SQLITE_READONLY: "check the path and its permissions",
    sqlite3.SQLITE_PERM: "check the path and its permissions",
    sqlite3.SQLITE_CANTOPEN: "check the path, its permissions and the space there",
    sqlite3.SQLITE_CORRUPT: "restore it from a backup, or begin another with --store",
    sqlite3.SQLITE_NOTADB: "name another directory with --store, or restore the file from a backup",
}
_OUTCOME = TypeAdapter(BatchOutcome)
_REFERENCE = TypeAdapter(Reference)


class Run(NamedTuple):
    """Monitoring of one model version: its number in the store, the model's digest, and when it began."""

    id: int
    model: str
    version: str
    started: str
    reference: Reference
    rolled_back: str

    @property
    def name(self) -> str:
        """Name for a directory: the run's number, what the model is called, and the beginning of its digest."""
        called = re.sub(r"[^A-Za-z0-9]+", "-", self.version)[-40:].strip("-")
        return f"run-{self.id}-{called}-{self.model.removeprefix('sha256:')[:8]}"


@dataclass(frozen=True)
class Store:
    """Connection to a store, to be used in one thread; `open_store` makes it."""

    connection: sqlite3.Connection
    folder: Path

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Context in which nobody else writes: what is written in it is there as a whole, or not at all."""
        with self._errors():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                # a commit that fails leaves its transaction open; other errors, such as a full disk, may have ended it
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    def run(self, model: str) -> Run | None:
        """Return the newest run, if it is of the model with this digest; else None: it has yet to begin."""
        newest = self._runs("ORDER BY id DESC LIMIT 1")
        return newest[0] if newest and newest[0].model == model else None

    def runs(self) -> list[Run]:
        """Return all runs in their order."""
        return self._runs("ORDER BY id")

    def _runs(self, order: str) -> list[Run]:
        rows = self._rows(f"SELECT id, model, version, started, reference, rolled_back FROM runs {order}")
        with self._parsing():
            return [
                Run(place, model, version, started, _REFERENCE.validate_python(json.loads(text)), rolled_back)
                for place, model, version, started, text, rolled_back in rows
            ]

    def begin_run(self, model: str, version: str, started: str, reference: Reference) -> Run:
        """Append a run of a model, in a transaction."""
        version = version.encode("utf-8", "backslashreplace").decode()  # of a file's name that is not UTF-8
        place = self._write(
            "INSERT INTO runs (model, version, started, reference) VALUES (?, ?, ?, ?)",
            *(model, version, started, json.dumps(asdict(reference))),
        )
        return Run(place, model, version, started, reference, "")

    def state(self, run: Run) -> RunState | None:
        """Return the state after the last batch of a run, None before the first."""
        ((content,),) = self._rows("SELECT state FROM runs WHERE id = ?", run.id)
        with self._parsing():
            return None if content is None else parse_state(content)

    def append(
        self, run: Run, outcome: BatchOutcome, labels_digest: str, keys: bytes, state: RunState
    ) -> None:
        """Append a batch with the state after it and an alert for each of its events, in a transaction."""
        self._write(
            "INSERT INTO batches (run, digest, labels, as_of, outcome, keys) VALUES (?, ?, ?, ?, ?, ?)",
            *(run.id, outcome.digest, labels_digest, outcome.as_of, json.dumps(asdict(outcome)), keys),
        )
        self._write("UPDATE runs SET state = ? WHERE id = ?", state_bytes(state), run.id)
        for event in outcome.events:
            if event.kind != "started" or run.id > 1:  # whoever begins to monitor knows
                self.add_alert(outcome.recorded, event.kind, event.text, _facts(run, outcome.as_of, event))

    def outcomes(self, run: Run) -> list[BatchOutcome]:
        """Return the batches of a run in order of arrival."""
        return self._outcomes(run, "ORDER BY id")

    def last_outcome(self, run: Run) -> BatchOutcome | None:
        """Return the last batch of a run, None before the first."""
        return next(iter(self._outcomes(run, "ORDER BY id DESC LIMIT 1")), None)

    def _outcomes(self, run: Run, order: str) -> list[BatchOutcome]:
        rows = self._rows(f"SELECT outcome FROM batches WHERE run = ? {order}", run.id)
        with self._parsing():
            return [_OUTCOME.validate_python(json.loads(text)) for (text,) in rows]

    def counted(self, run: Run, digest: str) -> dict[str, np.ndarray]:
        """Return the numbers of the rows whose labels were counted, by the labels' digest, "" without a file."""
        rows = self._rows("SELECT labels, keys FROM batches WHERE run = ? AND digest = ?", run.id, digest)
        with self._parsing():
            return {labels: np.frombuffer(keys, "<u8") for labels, keys in rows}

    def latest_time(self, run: Run) -> str:
        """Return the latest ``as_of`` of a run, "" before the first batch."""
        return str(self._rows("SELECT coalesce(max(as_of), '') FROM batches WHERE run = ?", run.id)[0][0])

    def end_by_rollback(self, run: Run, event: Event, recorded: str) -> None:
        """Record what came of the rollback of a run, with its last batch and as an alert: there is no second one."""
        with self.transaction():
            ((place, text),) = self._rows(
                "SELECT id, outcome FROM batches WHERE run = ? ORDER BY id DESC LIMIT 1", run.id
            )
            with self._parsing():
                outcome = json.loads(text)
                outcome["events"].append(asdict(event))
            self._write("UPDATE batches SET outcome = ? WHERE id = ?", json.dumps(outcome), place)
            self._write("UPDATE runs SET rolled_back = ? WHERE id = ?", event.text, run.id)
            self.add_alert(recorded, event.kind, event.text, _facts(run, outcome["as_of"], event))

    def close(self) -> None:
        """Close the file."""
        with self._errors():
            self.connection.close()

    def add_alert(self, created: str, kind: str, text: str, facts: Mapping[str, object]) -> None:
        """Queue an alert, in a transaction."""
        self._write(
            "INSERT INTO alerts (created, kind, text, facts) VALUES (?, ?, ?, ?)",
            *(created, kind, text, json.dumps(facts)),
        )

    def pending(self) -> list[Alert]:
        """Return the alerts that have not been delivered, in their order."""
        rows = self._rows("SELECT id, created, kind, text, facts FROM alerts WHERE NOT delivered ORDER BY id")
        with self._parsing():
            return [
                Alert(place, created, kind, text, json.loads(facts))
                for place, created, kind, text, facts in rows
            ]

    def mark_delivered(self, alert_id: int) -> None:
        """Record that an alert was delivered."""
        with self.transaction():
            self._write("UPDATE alerts SET delivered = 1, problem = '' WHERE id = ?", alert_id)

    def mark_failed(self, alert_id: int, problem: str) -> None:
        """Record why an alert was not delivered."""
        with self.transaction():
            self._write("UPDATE alerts SET problem = ? WHERE id = ?", problem, alert_id)

    def _rows(self, statement: str, *values: object) -> Sequence[Any]:
        with self._errors():
            return self.connection.execute(statement, values).fetchall()

    def _write(self, statement: str, *values: object) -> int:
        """Execute a statement of a transaction and return the number of the row that it inserted."""
        with self._errors():
            if not self.connection.in_transaction:  # each statement would be committed by itself
                raise RuntimeError("a store is written within Store.transaction()")
            return int(self.connection.execute(statement, values).lastrowid or 0)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _unusable(self.folder, error) from error

    @contextmanager
    def _parsing(self) -> Iterator[None]:
        try:
            yield
        except _PARSE_ERRORS as error:
            raise AuditError(
                where=str(self.folder / FILE),
                expected="a store as it was written",
                found=f"content that cannot be read ({type(error).__name__})",
                fix=_FIXES[sqlite3.SQLITE_CORRUPT],
            ) from error


def _facts(run: Run, as_of: str, event: Event) -> dict[str, object]:
    return {"version": run.version, "model": run.model, "as_of": as_of, "subject": event.subject}


def existing_store(folder: Path, policy_digest: str) -> Store | None:
    """Return the store in a directory, None if there is none: no file, or the empty one that a killed process left.

    Raises:
        AuditError: as `open_store`.
    """
    try:
        exists = (folder / FILE).stat().st_size > 0
    except (FileNotFoundError, NotADirectoryError):
        exists = False
    except OSError as error:
        raise _unusable(folder, error) from error
    return open_store(folder, policy_digest) if exists else None


def open_store(folder: Path, policy_digest: str) -> Store:
    """Return the store in a directory, which is created if need be.

    Args:
        folder: the directory; it must not lie on a network file system, whose locks do not hold.
        policy_digest: digest of what the monitored policy determines: a store is of one policy.

    Raises:
        AuditError: the store is of another policy or version, damaged, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(folder / FILE, timeout=_BUSY_SECONDS, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise _unusable(folder, error) from error
    store = Store(connection, folder)
    try:
        _prepare(store, policy_digest)
    except BaseException as error:
        connection.close()
        if isinstance(error, OSError):
            raise _unusable(folder, error) from error
        raise
    return store


def _prepare(store: Store, policy_digest: str) -> None:
    """Create the tables if there are none, and require a store of this policy that can be written."""
    connection = store.connection
    with store._errors():
        connection.execute(_SYNCHRONOUS)
    with store.transaction():
        if not _whole_size(store):
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)
            about = {"schema_version": str(SCHEMA_VERSION), "policy": policy_digest}
            connection.executemany("INSERT INTO about VALUES (?, ?)", about.items())
        _require_same(store, policy_digest)
    with (
        store._errors()
    ):  # whether a journal can be written: SQLite lets a transaction begin even in a read-only file
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE about SET value = ''")
        connection.execute("ROLLBACK")


def _whole_size(store: Store) -> int:
    """Return the size of the file, which is a number of whole pages: SQLite misses what the last page lacks."""
    size = (store.folder / FILE).stat().st_size
    if size % store._rows("PRAGMA page_size")[0][0]:
        raise AuditError(
            where=str(store.folder / FILE),
            expected="a store as it was written",
            found="a file that was cut off, or no database",
            fix=_FIXES[sqlite3.SQLITE_CORRUPT],
        )
    return size


def _require_same(store: Store, policy_digest: str) -> None:
    if not store._rows("SELECT name FROM sqlite_master WHERE name = 'about'"):
        raise AuditError(
            where=str(store.folder / FILE),
            expected="a store",
            found="a database without its tables",
            fix="name another directory with --store",
        )
    about = dict(store._rows("SELECT name, value FROM about"))
    if about.get("schema_version") != str(SCHEMA_VERSION):
        raise AuditError(
            where=str(store.folder / FILE),
            expected=f"a store of schema version {SCHEMA_VERSION}",
            found=f"version {about.get('schema_version', 'unknown')}",
            fix="use the release that wrote it, or begin another with --store",
        )
    if about.get("policy") != policy_digest:
        raise AuditError(
            where=str(store.folder / FILE),
            expected="the store of this policy",
            found="that of another: model, data, checks, rules, drift or false_alarms differ",
            fix="name another directory with --store: a bound on false alarms holds for one set of rules",
        )


def _unusable(folder: Path, error: OSError | sqlite3.Error) -> AuditError:
    if isinstance(error, OSError) and (of_machine := machine_error(error)):
        return of_machine
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the details that an extended code adds
    return AuditError(
        where=str(folder / FILE),
        expected="a store that can be read and written",
        found=str(error),
        fix=_FIXES.get(code, "check space, permissions and whether another process holds it"),
    )
