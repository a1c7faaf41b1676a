"""Keeps the start-up noise of native libraries from the command line's user, and gives it back when something fails.

Nothing is held back until `enable` is called. Only the command line may: its process is the tool's own, while a Python
program that audits goes on writing to its file descriptors meanwhile.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from threading import Lock
from typing import IO

_DESCRIPTORS = (1, 2)


class Redirection:
    """Sends what is written to file descriptors 1 and 2 into a file for as long as any of its blocks runs.

    Blocks may be nested, and may overlap in several threads: they share one file, the first to be entered redirects,
    and the last to be left restores. Log levels do not suffice: oneDNN, CUDA and absl write before any is read.

    Args:
        replay_on_error: whether what was held back is written to stderr once all blocks are left, if one raised.
    """

    def __init__(self, replay_on_error: bool) -> None:
        self._replay_on_error = replay_on_error
        self._lock = Lock()
        self._blocks = 0
        self._failed = False
        self._file: IO[bytes]
        self._saved: list[int] = []

    @contextmanager
    def block(self) -> Iterator[None]:
        """Hold the output back while the block runs."""
        self._enter()
        try:
            yield
        except BaseException:
            self._leave(failed=True)
            raise
        self._leave(failed=False)

    def _enter(self) -> None:
        with self._lock:
            if self._blocks == 0:
                self._redirect()
            self._blocks += 1

    def _leave(self, failed: bool) -> None:
        with self._lock:
            self._failed = self._failed or failed
            self._blocks -= 1
            if self._blocks == 0:
                self._restore()

    def _redirect(self) -> None:
        from tempfile import TemporaryFile  # late: `audit --help` needs none

        _flush()
        self._failed = False
        self._file = TemporaryFile()  # noqa: SIM115 (closed by the last block to be left)
        self._saved = [os.dup(descriptor) for descriptor in _DESCRIPTORS]
        for descriptor in _DESCRIPTORS:
            os.dup2(self._file.fileno(), descriptor)

    def _restore(self) -> None:
        _flush()
        for descriptor, saved in zip(_DESCRIPTORS, self._saved, strict=True):
            os.dup2(saved, descriptor)
            os.close(saved)
        with self._file:
            if self._failed and self._replay_on_error:
                _replay(self._file.fileno())


_of_process: Redirection | None = None


def enable(replay_on_error: bool) -> None:
    """Let `quiet` hold back from now on what this process writes, and ask libraries to report errors only.

    Of TensorFlow that is its log. Pillow warns of images with very many pixels, which the audit refuses by itself.

    Args:
        replay_on_error: as for `Redirection` (``--debug``).
    """
    global _of_process
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.filterwarnings("ignore", r"Image size .* exceeds limit")
    _of_process = Redirection(replay_on_error)


def is_enabled() -> bool:
    """Whether this process is the command line's, which holds back what libraries write."""
    return _of_process is not None


def quiet() -> AbstractContextManager[None]:
    """Return a block whose output is held back once `enable` was called; otherwise one that does nothing."""
    return _of_process.block() if _of_process else nullcontext()


def _replay(source: int) -> None:
    os.lseek(source, 0, os.SEEK_SET)
    while chunk := os.read(source, 65536):
        os.write(2, chunk)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(ValueError, AttributeError, OSError):
            stream.flush()
