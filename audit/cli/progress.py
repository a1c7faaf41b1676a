"""Progress and crashes of a run on stderr: a bar on a terminal, plain lines elsewhere."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, NamedTuple

from audit.cli.heartbeat import Heartbeat
from audit.cli.plain_text import plain
from audit.conclusion.observers import Observers, ignore

if TYPE_CHECKING:
    from audit.subject.scoring import Progress

_FIRST_STEP = "loading the model"


class Display(NamedTuple):
    """Where progress is shown, and lines that come in between."""

    progress: "Progress"
    say: Callable[[str], None]


@contextmanager
def observers(quiet: bool, debug: bool, verbose: bool = False) -> Iterator[Observers]:
    """Yield callbacks that print: progress unless ``quiet``, and a crash in one line, with ``debug`` its traceback."""
    with display(quiet, verbose) as screen:

        def crash(name: str, trace: str) -> None:
            details = trace if debug else plain(trace.strip().splitlines()[-1], 300)
            screen.say(f"the check {name} crashed: {details}")

        yield Observers(progress=screen.progress, note=lambda text: screen.say(plain(text, 500)), crash=crash)


@contextmanager
def progress_display(quiet: bool) -> "Iterator[Progress]":
    """Yield a callback that displays the step, the rows done and the rows in all."""
    with display(quiet) as screen:
        yield screen.progress


def display(quiet: bool, verbose: bool = False) -> AbstractContextManager[Display]:
    """Return a context in which progress is shown, as the terminal or the lack of one allows.

    With ``verbose``, lines say how many seconds a step took.
    """
    if quiet:
        return nullcontext(Display(ignore, _print))
    return _signs(verbose, bar=sys.stderr.isatty() and os.environ.get("TERM") != "dumb")


def _print(text: str) -> None:
    print(f"audit: {text}", file=sys.stderr, flush=True)


@contextmanager
def _signs(verbose: bool, bar: bool) -> Iterator[Display]:
    with Heartbeat(_FIRST_STEP, bar) as heartbeat:

        def progress(step: str, done: int, total: int) -> None:
            name = plain(step)
            heartbeat.at(name, done, total)
            if done == total:
                seconds = heartbeat.end(name)
                if verbose or not bar:
                    heartbeat.say(f"{name} done{f' ({seconds:.1f} s)' if verbose else ''}")

        yield Display(progress, heartbeat.say)
