"""The process beside a command that prints its signs of life, and all else that is printed while they are given.

`audit.cli.heartbeat` starts this file as a script, without the packages that are installed: it imports nothing but a
few modules of Python's own, so that it is there in hundredths of a second. Native code that keeps the interpreter's
lock for seconds, as while TensorFlow is imported or a graph is cut, stops every thread of the command, but not this
process.

Messages are lines on standard input: a kind, and fields escaped as in a literal of Python, between tabs. ``at`` has a
step, what is done of it and in all, and the moment it began; ``say`` has a line to print; ``end`` has nothing.
"""

import os
import select
import sys
import time
from typing import NamedTuple

LINES_SECONDS = 1.0
"""Time between two signs: what is promised are two seconds, and the machine may be busy."""

BAR_SECONDS = 0.2

MAX_LINES = 10
"""Lines about one step; after them comes a dot a sign, since a log should not grow by a line every second."""

DOTS_PER_LINE = 30

_BAR_COLUMNS = 30
_ERASE = "\r\x1b[K"
_UNWRAPPED = "\x1b[?7l{}\x1b[?7h\r"
"""A line that the terminal cuts off at its width, after which whoever prints next starts in the first column."""


class State(NamedTuple):
    """What a command is doing: a step, empty between two of them, and since when by `time.monotonic`."""

    step: str
    done: int
    total: int
    began: float

    def text(self, now: float) -> str:
        """Return the state in words."""
        count = f"{self.done:,} of {self.total:,}" if self.total > 1 else ""
        seconds = f"{now - self.began:.0f} s" if self.step else ""
        return ", ".join(part for part in (self.step or "at work", count, seconds) if part)


class Lines:
    """Signs of life for a log: lines, and after `MAX_LINES` of them about one step dots."""

    seconds = LINES_SECONDS

    def __init__(self) -> None:
        self._about: tuple[str, float] | None = None
        self._signs = 0
        self._dots = 0

    def sign(self, state: State, now: float) -> str:
        """Return the next sign."""
        if self._about != (state.step, state.began):
            self._about = (state.step, state.began)
            self._signs = 0
        self._signs += 1
        if self._signs <= MAX_LINES:
            return f"{self.end()}audit: {state.text(now)}\n"
        self._dots = (self._dots + 1) % DOTS_PER_LINE
        return "." if self._dots else f". {state.text(now)}\n"

    def end(self) -> str:
        """Return what ends a line of dots, if there is one."""
        ending = "\n" if self._dots else ""
        self._dots = 0
        return ending


class Bar:
    """Signs of life on a terminal: one line at the bottom, drawn again and again, and erased at the end."""

    seconds = BAR_SECONDS

    def sign(self, state: State, now: float) -> str:
        """Return the line of a state."""
        full = _BAR_COLUMNS * state.done // max(state.total, 1)
        bar = f"[{'#' * full}{'.' * (_BAR_COLUMNS - full)}] " if state.total > 1 else ""
        return _ERASE + _UNWRAPPED.format(f"audit: {bar}{state.text(now)}")

    def end(self) -> str:
        """Return what erases the line."""
        return _ERASE


class Printer:
    """Prints on standard output what messages ask for, and signs of life in between.

    Args:
        screen: what the signs look like.
        encoding: encoding of what is printed.
    """

    def __init__(self, screen: Lines | Bar, encoding: str) -> None:
        self._screen = screen
        self._encoding = encoding
        self._state = State("", 0, 1, 0.0)
        self._due = time.monotonic() + LINES_SECONDS / 2
        self.has_ended = False

    @property
    def pause(self) -> float:
        """Seconds until the next sign is due."""
        return max(0.0, self._due - time.monotonic())

    def take(self, kind: str, *fields: str) -> None:
        """Do what a message asks for."""
        if kind == "at":
            step, done, total, began = fields
            self._state = State(step, int(done), int(total), float(began))
        elif kind == "say":
            self._write(f"{self._screen.end()}audit: {fields[0]}\n")
        elif kind == "end":
            self._write(self._screen.end())
            self.has_ended = True

    def sign(self) -> None:
        """Print a sign if it is due."""
        if self.pause == 0 and not self.has_ended:
            self._write(self._screen.sign(self._state, time.monotonic()))

    def _write(self, text: str) -> None:
        data = memoryview(text.encode(self._encoding, "backslashreplace"))
        while data:
            data = data[os.write(1, data) :]
        self._due = time.monotonic() + self._screen.seconds


def encode(kind: str, *fields: object) -> bytes:
    """Return the line of a message."""
    return b"\t".join([kind.encode(), *(str(field).encode("unicode_escape") for field in fields)]) + b"\n"


def decode(line: bytes) -> list[str]:
    """Return kind and fields of the line of a message, without its end."""
    return [field.decode("unicode_escape") for field in line.split(b"\t")]


def serve(printer: Printer, parent: int) -> None:
    """Take messages until the last one, or until the process ``parent`` is gone.

    The end of the pipe is not enough to know that by: a process that the parent forked may hold a copy of the pipe.

    Raises:
        OSError: nothing can be printed any more.
    """
    received = b""
    while os.getppid() == parent and not printer.has_ended:
        ready, _, _ = select.select([0], [], [], printer.pause)
        if ready:
            part = os.read(0, 1 << 16)
            if not part:
                return
            *lines, received = (received + part).split(b"\n")
            for line in lines:
                printer.take(*decode(line))
        printer.sign()


if __name__ == "__main__":
    serve(Printer(Bar() if sys.argv[1] == "bar" else Lines(), encoding=sys.argv[2]), parent=int(sys.argv[3]))
