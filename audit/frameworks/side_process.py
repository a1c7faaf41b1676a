"""A second process for work that needs no TensorFlow, next to the process that measures.

It is forked before TensorFlow starts its threads, and imports what its work needs while TensorFlow is imported. It ends
with the process that started it, whose signals it leaves to that.
"""

import gc
import signal
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

T = TypeVar("T")


class SideProcess:
    """A process that computes one call after the other.

    Args:
        prepare: called there at once, to import what the calls need.
    """

    def __init__(self, prepare: Callable[[], None]) -> None:
        from concurrent.futures import (
            ThreadPoolExecutor,
        )  # late, as multiprocessing: most commands need neither
        from multiprocessing import get_context

        context = get_context("fork")
        self._connection, served = context.Pipe()
        serve = context.Process(target=_serve, args=(served, self._connection, prepare), daemon=True)
        serve.start()
        served.close()
        self._thread = ThreadPoolExecutor(1)  # to send a call waits until the one before it is done

    def submit(self, function: Callable[..., T], *arguments: object) -> Callable[[], T]:
        """Let ``function`` be called there, and return a function that waits for its result.

        If the call fails there, or the process has ended, it is made here.
        """
        pending = self._thread.submit(self._exchange, function, arguments)

        def result() -> T:
            is_done, value = pending.result()
            return value if is_done else function(*arguments)

        return result

    def _exchange(self, function: Callable[..., T], arguments: Sequence[object]) -> tuple[bool, Any]:
        try:
            self._connection.send((function, arguments))
            is_done, value = self._connection.recv()
        except (OSError, EOFError):
            return False, None
        return is_done, value


_side_process: SideProcess | None = None


def start(prepare: Callable[[], None]) -> None:
    """Start the process for `submit`. Only a process that has not started TensorFlow may."""
    global _side_process
    _side_process = SideProcess(prepare)


def submit(function: Callable[..., T], *arguments: object) -> Callable[[], T]:
    """Return a function that returns ``function(*arguments)``, computed in the side process meanwhile.

    Without one it is computed here, when it is asked for.
    """
    if _side_process is None:
        return lambda: function(*arguments)
    return _side_process.submit(function, *arguments)


def _serve(connection: "Connection", parents: "Connection", prepare: Callable[[], None]) -> None:
    """Answer calls until nobody can make any more."""
    parents.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    prepare()
    while True:
        try:
            function, arguments = connection.recv()
            connection.send(_outcome(function, arguments))
        except (OSError, EOFError):
            return


def _outcome(function: Callable[..., T], arguments: Sequence[object]) -> tuple[bool, T | None]:
    try:
        return True, function(*arguments)
    except Exception:
        return False, None  # the same call raises it again where it can be reported
