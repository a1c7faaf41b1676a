"""Progress and crashes of a run on stderr: a bar on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from audit.cli.summary import plain
from audit.conclusion.observers import Observers, ignore

if TYPE_CHECKING:
    from audit.subject.scoring import Progress


@contextmanager
def observers(quiet: bool, debug: bool) -> Iterator[Observers]:
    """Yield callbacks that print: progress unless ``quiet``, and a crash in one line, with ``debug`` its traceback."""

    def crash(name: str, trace: str) -> None:
        details = trace if debug else plain(trace.strip().splitlines()[-1], 300)
        print(f"audit: the check {name} crashed: {details}", file=sys.stderr)

    with progress_display(quiet) as progress:
        yield Observers(progress=progress, crash=crash)


def progress_display(quiet: bool) -> "AbstractContextManager[Progress]":
    """Return a context of a callback that displays the step, the rows done and the rows in all."""
    if quiet:
        return nullcontext(ignore)
    return _bar() if sys.stderr.isatty() else nullcontext(_print_finished)


def _print_finished(step: str, done: int, total: int) -> None:
    if done == total:
        print(f"audit: {plain(step)} done", file=sys.stderr, flush=True)


@contextmanager
def _bar() -> "Iterator[Progress]":
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:

        def progress(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(escape(plain(step)), total=total)
            bar.update(tasks[step], completed=done)

        yield progress
