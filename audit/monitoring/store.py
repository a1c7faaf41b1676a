"""Store of monitoring: one SQLite file, in which a batch is counted once, whoever gives it and whatever is killed.

A batch, the state after it, and the alerts that it causes are written in one transaction, before anything is sent.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import TypeAdapter

from audit.errors import AuditError
from audit.monitoring.outcome import Event, Outcome
from audit.monitoring.reference import Reference
from audit.monitoring.run_state import RunState, parse_state, state_bytes
from audit.monitoring.webhook import Alert

SCHEMA_VERSION = 1
FILE = "monitoring.sqlite"
_BUSY_SECONDS = 60.0
_SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, model TEXT NOT NULL, version TEXT NOT NULL, started TEXT NOT NULL,
    reference TEXT NOT NULL, state BLOB, rolled_back TEXT NOT NULL DEFAULT ''
);
CREATE TABLE batches (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs, digest TEXT NOT NULL, labels TEXT NOT NULL,
    as_of TEXT NOT NULL, keys BLOB NOT NULL, outcome TEXT NOT NULL, UNIQUE (run, digest, labels)
);
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY, created TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, facts TEXT NOT NULL,
    delivered INTEGER NOT NULL DEFAULT 0, problem TEXT NOT NULL DEFAULT ''
);
"""
_OUTCOME = TypeAdapter(Outcome)
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
        """Name for a directory: the run's number, and the beginning of the model's digest."""
        return f"run-{self.id}-{self.model.removeprefix('sha256:')[:8]}"


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
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def run(self, model: str) -> Run | None:
        """Return the newest run, if it is of the model with this digest; else None: it has yet to begin."""
        newest = self.runs()[-1:]
        return newest[0] if newest and newest[0].model == model else None

    def runs(self) -> list[Run]:
        """Return all runs in their order."""
        rows = self._rows("SELECT id, model, version, started, reference, rolled_back FROM runs ORDER BY id")
        return [
            Run(
                place, model, version, started, _REFERENCE.validate_python(json.loads(reference)), rolled_back
            )
            for place, model, version, started, reference, rolled_back in rows
        ]

    def begin_run(self, model: str, version: str, started: str, reference: Reference) -> Run:
        """Append a run of a model."""
        text = json.dumps(asdict(reference))
        cursor = self.connection.execute(
            "INSERT INTO runs (model, version, started, reference) VALUES (?, ?, ?, ?)",
            (model, version, started, text),
        )
        return Run(int(cursor.lastrowid or 0), model, version, started, reference, "")

    def state(self, run: Run) -> RunState | None:
        """Return the state after the last batch of a run, None before the first."""
        ((content,),) = self._rows("SELECT state FROM runs WHERE id = ?", run.id)
        return None if content is None else parse_state(content)

    def append(self, run: Run, outcome: Outcome, labels_digest: str, keys: bytes, state: RunState) -> None:
        """Append a batch with the state after it, and an alert for each of its events."""
        self.connection.execute(
            "INSERT INTO batches (run, digest, labels, as_of, keys, outcome) VALUES (?, ?, ?, ?, ?, ?)",
            (run.id, outcome.digest, labels_digest, outcome.as_of, keys, json.dumps(asdict(outcome))),
        )
        self.connection.execute("UPDATE runs SET state = ? WHERE id = ?", (state_bytes(state), run.id))
        for event in outcome.events if run.id > 1 else (e for e in outcome.events if e.kind != "started"):
            facts = {
                "version": run.version,
                "model": run.model,
                "as_of": outcome.as_of,
                "subject": event.subject,
            }
            self.add_alert(outcome.recorded, event.kind, event.text, facts)

    def outcomes(self, run: Run) -> list[Outcome]:
        """Return the batches of a run in order of arrival."""
        rows = self._rows("SELECT outcome FROM batches WHERE run = ? ORDER BY id", run.id)
        return [_OUTCOME.validate_python(json.loads(text)) for (text,) in rows]

    def last_outcome(self, run: Run) -> Outcome | None:
        """Return the last batch of a run, None before the first."""
        rows = self._rows("SELECT outcome FROM batches WHERE run = ? ORDER BY id DESC LIMIT 1", run.id)
        return _OUTCOME.validate_python(json.loads(rows[0][0])) if rows else None

    def counted(self, run: Run, digest: str) -> dict[str, np.ndarray]:
        """Return the hashes of the rows whose labels were counted, by the digest of the labels, "" without a file."""
        rows = self._rows("SELECT labels, keys FROM batches WHERE run = ? AND digest = ?", run.id, digest)
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
            outcome = json.loads(text)
            outcome["events"].append(asdict(event))
            self.connection.execute(
                "UPDATE batches SET outcome = ? WHERE id = ?", (json.dumps(outcome), place)
            )
            self.connection.execute("UPDATE runs SET rolled_back = ? WHERE id = ?", (event.text, run.id))
            facts = {
                "version": run.version,
                "model": run.model,
                "as_of": outcome["as_of"],
                "subject": event.subject,
            }
            self.add_alert(recorded, event.kind, event.text, facts)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def add_alert(self, created: str, kind: str, text: str, facts: Mapping[str, object]) -> None:
        """Queue an alert."""
        self.connection.execute(
            "INSERT INTO alerts (created, kind, text, facts) VALUES (?, ?, ?, ?)",
            (created, kind, text, json.dumps(facts)),
        )

    def pending(self) -> list[Alert]:
        """Return the alerts that have not been delivered, in their order."""
        rows = self._rows("SELECT id, created, kind, text, facts FROM alerts WHERE NOT delivered ORDER BY id")
        return [
            Alert(place, created, kind, text, json.loads(facts)) for place, created, kind, text, facts in rows
        ]

    def mark_delivered(self, alert_id: int) -> None:
        """Record that an alert was delivered."""
        with self.transaction():
            self.connection.execute("UPDATE alerts SET delivered = 1, problem = '' WHERE id = ?", (alert_id,))

    def mark_failed(self, alert_id: int, problem: str) -> None:
        """Record why an alert was not delivered."""
        with self.transaction():
            self.connection.execute("UPDATE alerts SET problem = ? WHERE id = ?", (problem, alert_id))

    def _rows(self, statement: str, *values: object) -> Sequence[Any]:
        with self._errors():
            return self.connection.execute(statement, values).fetchall()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _unusable(self.folder, error) from error


def _facts(run: Run, as_of: str, event: Event) -> dict[str, object]:
    return {"version": run.version, "model": run.model, "as_of": as_of, "subject": event.subject}


def existing_store(folder: Path, policy_digest: str) -> Store | None:
    """Return the store in a directory, None if there is none.

    Raises:
        AuditError: as `open_store`.
    """
    return open_store(folder, policy_digest) if (folder / FILE).exists() else None


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
        connection.execute("PRAGMA synchronous = FULL")
    except (OSError, sqlite3.Error) as error:
        raise _unusable(folder, error) from error
    store = Store(connection, folder)
    with store.transaction():
        if not store._rows("SELECT name FROM sqlite_master"):
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)
            about = {"schema_version": str(SCHEMA_VERSION), "policy": policy_digest}
            connection.executemany("INSERT INTO about VALUES (?, ?)", about.items())
        _require_same(store, policy_digest)
    return store


def _require_same(store: Store, policy_digest: str) -> None:
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


def _unusable(folder: Path, error: Exception) -> AuditError:
    return AuditError(
        where=str(folder / FILE),
        expected="a store that can be read and written",
        found=str(error),
        fix="check space, permissions and whether another process holds it; nothing was written",
    )
