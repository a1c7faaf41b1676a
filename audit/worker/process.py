"""A child process that hands over messages: started, listened to, and ended with all that it started."""

import os
import select
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from audit.worker.child import Handover
from audit.worker.keeper import keep
from audit.worker.messages import Message, decode
from audit.worker.signals import Terminated
from audit.worker.surroundings import detach

_GRACE_SECONDS = 2.0
"""Time between an interrupt and SIGKILL, in which checks may clean up after themselves."""


class DeadlinePassed(Exception):
    """Raised if the deadline passes before the child has ended."""


class Process:
    """A running child, seen from its parent.

    Args:
        keeper: process id of its keeper, which is also that of the group.
        handover: pipe of its messages, which is read without waiting.
        life: pipe that ends with the keeper.
    """

    def __init__(self, keeper: int, handover: int, life: int) -> None:
        self._keeper = keeper
        self._handover = handover
        self._life = life
        self._received = b""
        self.status: int | None = None
        """The child's exit code once it has ended; negative for a signal."""

    def messages(self, deadline: float | None) -> Iterator[Message]:
        """Yield the child's messages until it ends, whoever else still holds the pipe.

        Raises:
            DeadlinePassed: it has not ended by ``deadline``, a time of `time.monotonic`.
            ValueError: it handed over what is no message.
        """
        ended = False
        while not ended:
            remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select([self._life, self._handover], [], [], remaining)
            if not ready:
                raise DeadlinePassed
            ended = self._life in ready
            yield from self._read()
        self._reap()

    def end(self, first: int | None = None) -> None:
        """End the child and what it started; with the signal ``first`` before SIGKILL, and time to react to it."""
        if self.status is not None:
            return
        try:
            if first is not None:
                self._signal(first)
                select.select([self._life], [], [], _GRACE_SECONDS)
        finally:
            self._signal(signal.SIGKILL)
            self._reap()

    def _read(self) -> Iterator[Message]:
        """Yield the messages that are complete in the pipe."""
        with suppress(BlockingIOError):
            while part := os.read(self._handover, 1 << 20):
                self._received += part
        *lines, self._received = self._received.split(b"\n")
        yield from map(decode, lines)

    def _reap(self) -> None:
        """Wait for the keeper, and end what is left of its group while nobody else can have its number."""
        os.waitid(os.P_PID, self._keeper, os.WEXITED | os.WNOWAIT)
        self._signal(signal.SIGKILL)
        self.status = os.waitstatus_to_exitcode(os.waitpid(self._keeper, 0)[1])

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group that has ended
            os.killpg(self._keeper, number)


@contextmanager
def started(work: Callable[[Handover], None]) -> Iterator[Process]:
    """Start ``work`` in a child; it is over, and its temporary files are removed, once the block is left."""
    folder = tempfile.mkdtemp(prefix="audit-")  # of mode 0700
    try:
        with _forked(work, folder) as process:
            try:
                yield process
            except KeyboardInterrupt:
                process.end(signal.SIGINT)
                raise
            except Terminated as terminated:
                process.end(terminated.number)
                raise
            finally:
                process.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _forked(work: Callable[[Handover], None], folder: str) -> Iterator[Process]:
    handover, to_parent = os.pipe()
    life, keeper_lives = os.pipe()
    lifeline, parent_lives = os.pipe()
    os.set_blocking(handover, False)

    def run() -> None:
        _close(lifeline, keeper_lives)
        detach(folder)
        work(Handover(to_parent))

    keeper = _fork()
    if keeper == 0:
        _close(handover, life, parent_lives)
        keep(run, lifeline, folder)
    _close(to_parent, keeper_lives, lifeline)
    with suppress(OSError):  # whoever comes first, parent or keeper
        os.setpgid(keeper, keeper)
    try:
        yield Process(keeper, handover, life)
    finally:
        _close(handover, life, parent_lives)


def _fork() -> int:
    with warnings.catch_warnings():  # of the threads of numpy, which it ends before each fork
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
