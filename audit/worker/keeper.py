"""The process between parent and child: it ends the child when the parent is gone, and ends as the child ended.

It leads a process group of its own, which holds the child and what that starts. A pipe whose other end only the parent
holds tells it that the parent is gone, even by SIGKILL. It runs nothing but this module.
"""

import os
import resource
import select
import shutil
import signal
from collections.abc import Callable
from typing import NoReturn

_TO_CHILD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals to the group that end the child, which the keeper outlives to report it."""


def keep(work: Callable[[], None], lifeline: int, folder: str) -> NoReturn:
    """Run ``work`` in a child and end as it ends.

    Args:
        work: what the child does.
        lifeline: descriptor of a pipe that nobody writes to, and that ends with the parent.
        folder: directory for temporary files, removed here if the parent is gone.
    """
    os.setpgid(0, 0)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # a handler, so that the pipe is written to
    for number in _TO_CHILD:
        signal.signal(number, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        _work(work)
    while True:
        ready, _, _ = select.select([lifeline, woken], [], [])
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            _end_alike(status)
        if lifeline in ready:
            _end_all(child, folder)
        os.read(woken, 4096)


def _work(work: Callable[[], None]) -> NoReturn:
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (*_TO_CHILD, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        work()
        status = 0
    finally:
        os._exit(status)  # nothing of the parent's, which this process is a copy of, is to run here


def _end_alike(status: int) -> NoReturn:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _end_all(child: int, folder: str) -> NoReturn:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)
    os._exit(1)
