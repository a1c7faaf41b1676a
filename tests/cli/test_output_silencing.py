"""What libraries print is held back from the command line's user, by blocks that share one redirection."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.cli import main
from audit.frameworks.output_silencing import Redirection, is_enabled, quiet

Place = list[tuple[int, int]]


class Terminal:
    """A file that file descriptors 1 and 2 lead to."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.place = place()

    def shown(self) -> list[str]:
        with open(self._descriptor, encoding="utf-8", closefd=False) as file:
            file.seek(0)
            return file.read().splitlines()


@contextmanager
def terminal() -> Iterator[Terminal]:
    saved = [os.dup(number) for number in (1, 2)]
    with tempfile.TemporaryFile() as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
        try:
            yield Terminal(file.fileno())
        finally:
            for number, old in zip((1, 2), saved, strict=True):
                os.dup2(old, number)
                os.close(old)


def place() -> Place:
    return [(os.fstat(number).st_dev, os.fstat(number).st_ino) for number in (1, 2)]


def say(word: str) -> None:
    os.write(1, f"out {word}\n".encode())
    os.write(2, f"err {word}\n".encode())


def both(words: list[str]) -> list[str]:
    return [line for word in words for line in (f"out {word}", f"err {word}")]


@given(st.lists(st.integers(0, 5), max_size=30))
def test_the_last_of_overlapping_blocks_restores(steps: list[int]) -> None:
    """Each step enters the block of that number, or leaves it where it was entered, in any order as threads would."""
    with terminal() as screen:
        redirection, entered, expected = Redirection(False), dict[int, ExitStack](), list[str]()
        for turn, number in enumerate(steps):
            if number in entered:
                entered.pop(number).close()
            else:
                entered[number] = ExitStack()
                entered[number].enter_context(redirection.block())
            assert (place() == screen.place) == (not entered)
            say(f"turn {turn}")
            expected += [] if entered else [f"turn {turn}"]
        for stack in entered.values():
            stack.close()
        assert place() == screen.place
        assert screen.shown() == both(expected)


def test_blocks_in_many_threads_leave_output_and_descriptors_as_they_were() -> None:
    def enter_and_leave(seed: int) -> None:
        random = Random(seed)
        for _ in range(40):
            with suppress(ZeroDivisionError), redirection.block(), redirection.block():
                say("held back")
                time.sleep(random.uniform(0, 1e-3))
                assert place() != screen.place
                if random.random() < 0.2:
                    raise ZeroDivisionError

    with terminal() as screen:
        redirection, opened = Redirection(False), len(os.listdir("/dev/fd"))
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(enter_and_leave, range(8)))
        say("after")
        assert place() == screen.place
        assert screen.shown() == both(["after"])
        assert len(os.listdir("/dev/fd")) == opened


def test_what_was_held_back_is_replayed_once_where_a_block_failed() -> None:
    with terminal() as screen:
        redirection = Redirection(replay_on_error=True)
        with redirection.block():
            say("of one that succeeds")
        other = ExitStack()
        other.enter_context(redirection.block())
        with pytest.raises(ZeroDivisionError), redirection.block(), redirection.block():
            say("of one that fails")
            raise ZeroDivisionError
        assert screen.shown() == []  # the other block still runs
        other.close()
        assert screen.shown() == both(["of one that fails"])
        with redirection.block():
            say("of one that succeeds after it")
        assert screen.shown() == both(["of one that fails"])


def test_python_programs_hold_nothing_back(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["checks"]) == 0
    assert not is_enabled()
    with terminal() as screen, quiet():
        say("of the program")
        assert place() == screen.place
        assert screen.shown() == both(["of the program"])


PROGRAM = """
import os
from audit.cli import console
from audit.frameworks.output_silencing import quiet

def noisy(**_):
    with quiet():
        os.write(1, b"of a library\\n")
        raise RuntimeError("its fault")

console.app = noisy
console.entry()
"""


@pytest.mark.parametrize(("arguments", "shown"), [([], False), (["--debug"], True)])
def test_the_console_script_replays_for_debug(arguments: list[str], shown: bool, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (70, "")
    assert "a fault of the tool: RuntimeError: its fault" in done.stderr
    assert done.stderr.startswith("of a library\n") == shown
    assert ("of a library" in done.stderr) == shown


WARNED = """
from io import BytesIO
from PIL import Image
from audit.frameworks.output_silencing import enable

enable(replay_on_error=False)
stream = BytesIO()
Image.new("L", (5, 7)).save(stream, "PNG")
Image.MAX_IMAGE_PIXELS = 34
Image.open(stream)
"""


def test_pillow_says_nothing_of_images_that_the_audit_refuses_itself() -> None:
    for program, said in ((WARNED, False), (WARNED.replace("enable(replay_on_error=False)", ""), True)):
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert ("DecompressionBombWarning" in done.stderr) == said, done.stderr
