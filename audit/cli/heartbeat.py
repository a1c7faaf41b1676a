"""Signs of life on stderr while a step takes long, at most two seconds apart and short enough for a log."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType

from audit.cli import heartbeat_process
from audit.cli.heartbeat_process import encode

_UNTIL_THE_END = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}
"""Signals that a whole group of processes gets, and this command alone answers."""


class Heartbeat:
    """What says which step is running and for how long, whenever nothing else is said.

    A process of its own prints (`audit.cli.heartbeat_process`). Without one, as when stderr is a stream of a Python
    program that calls this one, lines are printed and no signs are given.

    Args:
        step: what runs first; it is over when another step begins.
        bar: whether the signs are a bar on a terminal, or else lines.
    """

    def __init__(self, step: str, bar: bool = False) -> None:
        self._first = step
        self._began: dict[str, float] = {}  # by step, the innermost last
        self._bar = bar
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Heartbeat":
        with suppress(OSError, ValueError):  # no descriptor, or no further process
            self._process = _process(sys.stderr.fileno(), self._bar)
        self.at(self._first)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._send("end")
        if self._process is not None:
            self._process.communicate()
        self._process = None

    def at(self, step: str, done: int = 0, total: int = 1) -> None:
        """Record that ``step`` is running, inside the steps that have not ended, and how far it is."""
        if step != self._first:
            self._began.pop(self._first, None)
        self._began.setdefault(step, time.monotonic())
        self._send("at", step, done, total, self._began[step])

    def end(self, step: str) -> float:
        """Record that ``step`` has ended, and return its seconds."""
        now = time.monotonic()
        seconds = now - self._began.pop(step, now)
        outer, began = next(reversed(self._began.items()), ("", now))
        self._send("at", outer, 0, 1, began)
        return seconds

    def say(self, text: str) -> None:
        """Print a line, which is a sign of life as well."""
        if not self._send("say", text):
            with suppress(OSError):  # progress that nobody reads ends no audit
                print(f"audit: {text}", file=sys.stderr, flush=True)

    def _send(self, kind: str, *fields: object) -> bool:
        """Return whether there is a process to take the message."""
        if self._process is None or self._process.stdin is None:
            return False
        try:
            self._process.stdin.write(encode(kind, *fields))
            self._process.stdin.flush()
        except OSError:  # it has ended, as it does when nobody reads stderr any more
            return False
        return True


def _process(stderr: int, bar: bool) -> subprocess.Popen[bytes]:
    """Start the process that prints to the descriptor ``stderr``, wherever that leads to later.

    It is isolated (``-I``), for the modules beside it have names of Python's own, such as ``inspect``.
    """
    arguments = ["bar" if bar else "lines", sys.stderr.encoding or "utf-8", str(os.getpid())]
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _UNTIL_THE_END)  # the process inherits it
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", heartbeat_process.__file__, *arguments],
            stdin=subprocess.PIPE,
            stdout=stderr,
            stderr=subprocess.DEVNULL,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@contextmanager
def starting(step: str, quiet: bool = False) -> Iterator[None]:
    """Say on stderr what begins, before the imports that it takes, and give signs of life while the block runs."""
    if quiet:
        yield
        return
    print(f"audit: {step}", file=sys.stderr, flush=True)
    with Heartbeat(step):
        yield
