"""Requests of the system to end: raised as an exception, so that processes and files are cleaned up first."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


class Terminated(BaseException):
    """Raised when the process is asked to end.

    Args:
        number: the signal's number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def terminable() -> Iterator[None]:
    """Raise `Terminated` for SIGTERM and SIGHUP while the block runs, unless they are ignored, as by ``nohup``."""
    signals = (signal.SIGTERM, signal.SIGHUP)
    former = {number: signal.getsignal(number) for number in signals}
    for number, handler in former.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, _terminate)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _terminate(number: int, _: object) -> NoReturn:
    raise Terminated(number)
