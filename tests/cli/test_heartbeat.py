"""Progress never pauses for two seconds, whatever the command is at, a log can bear it, and nothing outlives it."""

from __future__ import annotations

import io
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from select import select
from typing import IO

import psutil
import pytest

from audit.cli import heartbeat_process
from audit.cli.heartbeat import Heartbeat, starting
from audit.cli.heartbeat_process import DOTS_PER_LINE, MAX_LINES, Bar, Lines, State, decode, encode
from audit.cli.progress import observers

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60
Captured = pytest.CaptureFixture[str]

COMMAND = """
import ctypes, os, signal, sys, time
from audit.cli.heartbeat import Heartbeat, starting

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in the background

def keep_the_lock():  # as native code does: no other thread runs until a byte comes
    ctypes.PyDLL(None).read(0, ctypes.create_string_buffer(1), 1)

"""


def test_signs_are_lines_then_dots() -> None:
    screen = Lines()
    signs = "".join(
        screen.sign(State("robustness", 0, 1, 0.0), now) for now in range(MAX_LINES + DOTS_PER_LINE + 3)
    )
    lines = (signs + screen.end()).splitlines()
    assert lines[:MAX_LINES] == [f"audit: robustness, {second} s" for second in range(MAX_LINES)]
    last = MAX_LINES + DOTS_PER_LINE - 1
    assert lines[MAX_LINES:] == ["." * DOTS_PER_LINE + f" robustness, {last} s", "..."]


def test_another_step_ends_the_dots_and_has_lines_again() -> None:
    screen = Lines()
    for now in range(MAX_LINES + 1):
        dot = screen.sign(State("robustness", 0, 1, 0.0), now)
    assert dot == "."
    assert screen.sign(State("attacking", 5, 10, 11.0), 12.0) == "\naudit: attacking, 5 of 10, 1 s\n"
    assert screen.sign(State("", 0, 1, 12.0), 13.0) == "audit: at work\n"


def test_the_bar_is_one_line_that_does_not_wrap() -> None:
    line = Bar().sign(State("scoring", 1000, 2000, 0.0), 3.0)
    half = f"[{'#' * 15}{'.' * 15}]"
    assert line == f"\r\x1b[K\x1b[?7laudit: {half} scoring, 1,000 of 2,000, 3 s\x1b[?7h\r"


@pytest.mark.parametrize("text", ["a\tb\nc", "größer 🙂", "\x1b[31m\\n", "\udcff", ""])
def test_any_text_survives_the_pipe(text: str) -> None:
    line = encode("say", text, 5)
    assert line.count(b"\n") == 1 and decode(line[:-1]) == ["say", text, "5"]


@pytest.fixture
def echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the process print the messages as they come."""
    script = tmp_path / "echo.py"
    script.write_text("import os\nwhile part := os.read(0, 65536):\n    os.write(1, part)\n")
    monkeypatch.setattr(heartbeat_process, "__file__", str(script))


def test_an_inner_step_hands_back_to_the_outer_one(echo: None, capfd: Captured) -> None:
    with Heartbeat("loading") as beats:
        beats.at("robustness")
        beats.at("attacking", 5, 10)
        beats.end("attacking")
        beats.end("robustness")
    messages = [decode(line)[:4] for line in capfd.readouterr().err.encode().splitlines()]
    assert messages == [
        ["at", "loading", "0", "1"], ["at", "robustness", "0", "1"], ["at", "attacking", "5", "10"],
        ["at", "robustness", "0", "1"], ["at", "", "0", "1"], ["end"],
    ]  # fmt: skip


def test_lines_come_in_order_and_before_what_follows_the_block(capfd: Captured) -> None:
    with starting("opening"), Heartbeat("loading") as beats:
        for number in range(100):
            beats.say(f"line {number}")
    print("the end", file=sys.stderr)
    lines = [line for line in capfd.readouterr().err.splitlines() if not line.startswith("audit: loading")]
    assert lines == ["audit: opening", *(f"audit: line {number}" for number in range(100)), "the end"]


def test_quiet_starts_no_process(capfd: Captured) -> None:
    with starting("opening", quiet=True), observers(quiet=True, debug=False) as callbacks:
        callbacks.progress("mine", 0, 1)
        assert psutil.Process().children() == []
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("executable", ["/nonexistent", "/usr/bin/false"])
def test_without_a_process_lines_are_printed(
    capfd: Captured, monkeypatch: pytest.MonkeyPatch, executable: str
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    with Heartbeat("loading") as beats:
        for process in psutil.Process().children():
            while process.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.01)
        beats.say("scoring done")
    assert capfd.readouterr().err == "audit: scoring done\n"


def test_a_stream_of_the_calling_program_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with observers(quiet=False, debug=False, verbose=True) as callbacks:
        callbacks.progress("mine", 0, 1)
        callbacks.progress("mine", 1, 1)
    assert stream.getvalue() == "audit: mine done (0.0 s)\n"


class Running:
    """A command with its stderr on a pipe or a terminal, the process that prints for it, and what that printed."""

    def __init__(self, script: str, terminal: bool = False) -> None:
        self._reading, writing = pty.openpty() if terminal else os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-c", COMMAND + script],
            stdin=subprocess.PIPE,
            stderr=writing,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        )
        os.close(writing)
        self.printed = b""

    def read_until(self, text: bytes) -> None:
        """Read stderr until ``text`` was printed."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in self.printed:
            ready, _, _ = select([self._reading], [], [], max(0.0, deadline - time.monotonic()))
            part = os.read(self._reading, 4096) if ready else b""
            assert part, f"{text!r} did not come after {self.printed!r}"
            self.printed += part

    def release(self) -> int:
        """Send the byte that the command waits for, and return its exit code."""
        stdin: IO[bytes] = self.process.stdin  # type: ignore[assignment]
        stdin.write(b"x")
        stdin.flush()
        return self.process.wait(PATIENCE_SECONDS)

    def printer(self) -> psutil.Process:
        (printer,) = psutil.Process(self.process.pid).children()
        return printer

    def rest(self) -> bytes:
        """Return what is printed until all processes that hold stderr have ended."""
        rest = b""
        try:
            while part := os.read(self._reading, 4096):
                rest += part
        except OSError:  # how Linux ends a terminal
            pass
        return rest

    def hang_up(self) -> None:
        """Close the reading end of stderr."""
        os.close(self._reading)
        self._reading = os.open(os.devnull, os.O_RDONLY)

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        os.close(self._reading)


@pytest.fixture
def start() -> Iterator[type[Running]]:
    started: list[Running] = []

    class Closed(Running):
        def __init__(self, script: str, terminal: bool = False) -> None:
            super().__init__(script, terminal)
            started.append(self)

    yield Closed
    for running in started:
        running.close()


def test_native_code_that_keeps_the_lock_does_not_stop_the_signs(start: type[Running]) -> None:
    command = start("with starting('opening'):\n    keep_the_lock()")
    command.read_until(b"audit: opening, 2 s\n")
    assert command.release() == 0
    assert len(command.printed.splitlines()) in (3, 4)


def test_nor_the_bar_of_a_terminal_which_leaves_nothing_behind(start: type[Running]) -> None:
    script = """
from audit.cli.progress import observers
with observers(quiet=False, debug=False) as callbacks:
    callbacks.progress("scoring", 5, 10)
    keep_the_lock()
    callbacks.crash("mine", "no")
"""
    command = start(script, terminal=True)
    command.read_until(b"scoring, 5 of 10, 1 s\x1b[?7h\r")
    assert command.release() == 0
    rest = command.rest()
    assert rest.endswith(b"\r\x1b[Kaudit: the check mine crashed: no\r\n\r\x1b[K")
    assert b"\n" not in command.printed


READY = b"audit: ready\n"
WAITS = """
with Heartbeat('waiting') as beats:
    beats.say('ready')
    sys.stdin.read(1)
"""
FORKS = """
with Heartbeat('waiting') as beats:
    if os.fork() == 0:  # a copy that holds the pipe
        os.setsid()
        os.close(2)
        time.sleep(100)
    beats.say('ready')
    sys.stdin.read(1)
"""


@pytest.mark.parametrize(
    ("end", "number"),
    [
        (os.kill, signal.SIGKILL), (os.kill, signal.SIGTERM), (os.killpg, signal.SIGINT), (os.killpg, signal.SIGHUP),
    ],
)  # fmt: skip
def test_it_ends_with_the_command_without_a_word(
    start: type[Running], end: Callable[[int, int], None], number: int
) -> None:
    command = start(WAITS)
    command.read_until(READY)
    printer = command.printer()
    end(command.process.pid, number)
    assert command.process.wait(PATIENCE_SECONDS) == -number
    printer.wait(PATIENCE_SECONDS)
    assert command.rest().count(b"Traceback") == (number == signal.SIGINT)  # the command's own


def test_it_ends_though_a_copy_of_the_command_holds_the_pipe(start: type[Running]) -> None:
    command = start(FORKS)
    command.read_until(READY)
    printer, copy = psutil.Process(command.process.pid).children()
    command.process.kill()
    printer.wait(PATIENCE_SECONDS)
    assert copy.is_running()
    copy.kill()


def test_a_signal_to_the_group_that_the_command_outlives_stops_no_sign(start: type[Running]) -> None:
    command = start(f"import signal\nsignal.signal(signal.SIGTERM, lambda *_: None)\n{WAITS}")
    command.read_until(READY)
    os.killpg(command.process.pid, signal.SIGTERM)
    command.read_until(b"audit: waiting, ")
    assert command.release() == 0


@pytest.mark.parametrize("terminal", [False, True])
def test_a_reader_that_has_gone_ends_the_signs_only(start: type[Running], terminal: bool) -> None:
    with_hangup = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"  # as under nohup
    command = start(with_hangup + WAITS, terminal)
    command.read_until(READY.replace(b"\n", b"\r\n" if terminal else b"\n"))
    printer = command.printer()
    command.hang_up()
    while printer.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert command.release() == 0


def test_it_has_ended_when_the_command_ends(start: type[Running]) -> None:
    command = start(WAITS)
    command.read_until(READY)
    printer = command.printer()
    assert command.release() == 0
    assert not printer.is_running() and command.rest() == b""


def test_once_the_result_is_out_no_garbage_is_collected() -> None:
    """Taking the graphs of TensorFlow apart took up to seven seconds, in which nothing was printed."""
    script = """
import sys
from audit.cli import entry
class Ring:
    def __init__(self): self.itself = self
    def __del__(self, write=__import__("os").write): write(1, b"collected")
ring = Ring()
sys.argv = ["audit", "--version"]
entry()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.startswith("savedmodel-audit") and "collected" not in done.stdout
