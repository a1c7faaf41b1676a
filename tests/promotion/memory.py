"""A log and aliases in memory, and clients of it that take one step at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from audit.errors import AuditError
from audit.promotion.entry import Entry, Grounds
from audit.promotion.history import Record
from audit.promotion.moves import Author

AUTHOR = Author("ann", datetime(2026, 6, 15, 12, tzinfo=UTC))


def digest(of: object) -> str:
    return f"sha256:{of:0>64}"


def grounds(version: int) -> Grounds:
    return Grounds(version=version, model=digest(version), report=digest(f"a{version}"), policy=digest("b"))


@dataclass
class Memory:
    """Store of one alias."""

    log: list[Record] = field(default_factory=list)
    version: int | None = None
    alias: str = "champion"
    place: str = "models:/income@champion"

    def records(self) -> Sequence[Record]:
        return list(self.log)

    def append(self, entry: Entry, attestation: str) -> None:
        self.log.append(Record(len(self.log) + 1, entry.text, attestation))

    def served(self) -> int | None:
        return self.version

    def serve(self, version: int) -> None:
        self.version = version


class Killed(BaseException):
    """The client's process is gone."""


class Client:
    """An operation in a thread of its own, which waits before and after every call of the store until it is let go on.

    ``error`` is what the operation ended with, and ``call`` the name of the call that it waits before or after.
    """

    def __init__(self, store: Any, operation: Callable[[Any], Any]) -> None:
        self.store = store
        self.error: BaseException | None = None
        self.result: Any = None
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._raise: BaseException | None = None
        self.call = ""
        self.done = False
        self._thread = threading.Thread(target=self._run, args=[operation], daemon=True)
        self._thread.start()
        self._stopped.acquire()

    alias = "champion"
    place = "models:/income@champion"

    def _run(self, operation: Callable[[Any], Any]) -> None:
        try:
            self.result = operation(self)
        except BaseException as error:
            self.error = error
        self.done = True
        self._stopped.release()

    def _wait(self) -> None:
        self._stopped.release()
        self._go.acquire()
        if self._raise is not None:
            raise self._raise

    def step(self, fault: BaseException | None = None) -> None:
        """Let the operation go on to its next stop; with ``fault``, that is what the call of the store raises."""
        self._raise = fault
        self._go.release()
        self._stopped.acquire()

    def _call(self, name: str, *arguments: Any) -> Any:
        self.call = name
        self._wait()
        result = getattr(self.store, name)(*arguments)
        self._wait()
        return result

    def records(self) -> Any:
        return self._call("records")

    def append(self, *arguments: Any) -> Any:
        return self._call("append", *arguments)

    def served(self) -> Any:
        return self._call("served")

    def serve(self, version: int) -> Any:
        return self._call("serve", version)


def timed_out() -> AuditError:
    return AuditError(where="registry", expected="an answer", found="none in time")
