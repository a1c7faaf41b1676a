"""File of a store of monitoring: its tables in SQLite, one transaction at a time, and one message for what fails."""

import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from audit.errors import AuditError
from audit.machine_errors import machine_error

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


@dataclass(frozen=True)
class StoreFile:
    """Connection to the file of a store, to be used in one thread; `open` makes it."""

    connection: sqlite3.Connection
    folder: Path

    @classmethod
    def open(cls, folder: Path, policy_digest: str) -> Self:
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
        store = cls(connection, folder)
        try:
            store._prepare(policy_digest)
        except BaseException as error:
            connection.close()
            if isinstance(error, OSError):
                raise _unusable(folder, error) from error
            raise
        return store

    @classmethod
    def open_existing(cls, folder: Path, policy_digest: str) -> Self | None:
        """Return the store in a directory, None without one: no file, or the empty one that a killed process left.

        Raises:
            AuditError: as `open`.
        """
        try:
            exists = (folder / FILE).stat().st_size > 0
        except (FileNotFoundError, NotADirectoryError):
            exists = False
        except OSError as error:
            raise _unusable(folder, error) from error
        return cls.open(folder, policy_digest) if exists else None

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

    def close(self) -> None:
        """Close the file."""
        with self._errors():
            self.connection.close()

    def _prepare(self, policy_digest: str) -> None:
        """Create the tables if there are none, and require a store of this policy that can be written."""
        connection = self.connection
        with self._errors():
            connection.execute(_SYNCHRONOUS)
        with self.transaction():
            if not self._whole_size():
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    connection.execute(statement)
                about = {"schema_version": str(SCHEMA_VERSION), "policy": policy_digest}
                connection.executemany("INSERT INTO about VALUES (?, ?)", about.items())
            self._require_same(policy_digest)
        with (
            self._errors()
        ):  # whether a journal can be written: a transaction begins even in a read-only file
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("UPDATE about SET value = ''")
            connection.execute("ROLLBACK")

    def _whole_size(self) -> int:
        """Return the size of the file, which is a number of whole pages: SQLite misses what the last page lacks."""
        size = (self.folder / FILE).stat().st_size
        if size % self._rows("PRAGMA page_size")[0][0]:
            raise self._refusal(
                "a store as it was written",
                "a file that was cut off, or no database",
                _FIXES[sqlite3.SQLITE_CORRUPT],
            )
        return size

    def _require_same(self, policy_digest: str) -> None:
        if not self._rows("SELECT name FROM sqlite_master WHERE name = 'about'"):
            raise self._refusal(
                "a store", "a database without its tables", "name another directory with --store"
            )
        about = dict(self._rows("SELECT name, value FROM about"))
        if about.get("schema_version") != str(SCHEMA_VERSION):
            raise self._refusal(
                f"a store of schema version {SCHEMA_VERSION}",
                f"version {about.get('schema_version', 'unknown')}",
                "use the release that wrote it, or begin another with --store",
            )
        if about.get("policy") != policy_digest:
            raise self._refusal(
                "the store of this policy",
                "that of another: model, data, checks, rules, drift or false_alarms differ",
                "name another directory with --store: a bound on false alarms holds for one set of rules",
            )

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
            raise self._refusal(
                "a store as it was written",
                f"content that cannot be read ({type(error).__name__})",
                _FIXES[sqlite3.SQLITE_CORRUPT],
            ) from error

    def _refusal(self, expected: str, actual: str, fix: str) -> AuditError:
        return AuditError(where=str(self.folder / FILE), expected=expected, found=actual, fix=fix)


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
