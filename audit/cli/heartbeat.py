"""Signs of life on stderr while a step takes long, at most two seconds apart and short enough for a log."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from types import TracebackType
from typing import TextIO

INTERVAL_SECONDS = 1.0
"""Time between two signs: what is promised are two seconds, and the machine may be busy."""

MAX_LINES = 10
"""Lines about one step; after them comes a dot a sign, since a log should not grow by a line every second."""

DOTS_PER_LINE = 30

_BETWEEN_STEPS = "at work"


class Heartbeat:
    """A thread that says which step is running and for how long, whenever nothing else is said.

    Args:
        step: what runs first; it is over when another step begins.
        stream: where it is said; it is not closed.
    """

    def __init__(self, step: str, stream: TextIO) -> None:
        self._stream = stream
        self._lock = Lock()
        self._stopped = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._first = step
        self._began = {step: time.monotonic()}  # by step, the innermost last
        self._count = ""
        self._signs = 0
        self._dots = 0
        self._due = time.monotonic() + INTERVAL_SECONDS / 2

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()
        with self._lock:
            self._end_dots()

    def at(self, step: str, count: str = "") -> None:
        """Record that ``step`` is running, inside the steps that have not ended, and how far it is."""
        with self._lock:
            self._began.pop(self._first, None)
            if step not in self._began:
                self._began[step] = time.monotonic()
                self._signs = 0
            self._count = count

    def end(self, step: str) -> float:
        """Record that ``step`` has ended, and return its seconds."""
        with self._lock:
            self._signs = 0
            self._count = ""
            return time.monotonic() - self._began.pop(step, time.monotonic())

    def say(self, text: str) -> None:
        """Print a line, which is a sign of life as well."""
        with self._lock:
            self._end_dots()
            self._write(f"audit: {text}\n")

    def _run(self) -> None:
        while not self._stopped.wait(max(0.0, self._due - time.monotonic())):
            with self._lock:
                if time.monotonic() >= self._due:
                    self._beat()

    def _beat(self) -> None:
        self._signs += 1
        if self._signs <= MAX_LINES:
            self._end_dots()
            self._write(f"audit: {self._state()}\n")
        elif self._dots + 1 < DOTS_PER_LINE:
            self._dots += 1
            self._write(".")
        else:
            self._dots = 0
            self._write(f". {self._state()}\n")

    def _state(self) -> str:
        step = next(reversed(self._began), "")
        seconds = f"{time.monotonic() - self._began[step]:.0f} s" if step else ""
        return ", ".join(part for part in (step or _BETWEEN_STEPS, self._count, seconds) if part)

    def _end_dots(self) -> None:
        if self._dots:
            self._dots = 0
            self._write("\n")

    def _write(self, text: str) -> None:
        self._due = time.monotonic() + INTERVAL_SECONDS
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # stderr is full, or its reader has gone: whoever prints next finds out
            self._stopped.set()


@contextmanager
def starting(step: str, quiet: bool = False) -> Iterator[None]:
    """Say on stderr what begins, before the imports that it takes, and give signs of life while the block runs."""
    if quiet:
        yield
        return
    print(f"audit: {step}", file=sys.stderr, flush=True)
    with own_stderr() as stream, Heartbeat(step, stream):
        yield


@contextmanager
def own_stderr() -> Iterator[TextIO]:
    """Yield a stream to stderr that stays there while descriptor 2 is redirected, as when a framework starts."""
    try:
        descriptor = os.dup(sys.stderr.fileno())
    except (OSError, ValueError):  # a stream of a program that calls this one
        yield sys.stderr
        return
    stream = open(descriptor, "w", errors="backslashreplace")  # noqa: SIM115 (closed below, whatever it lost)
    try:
        yield stream
    finally:
        with suppress(OSError):
            stream.close()
