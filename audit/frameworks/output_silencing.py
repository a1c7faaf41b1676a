"""Redirects what native libraries print at start-up away from the terminal, and replays it after a failure.

Nothing is redirected until `enable` is called. Only the command line may: its process is the tool's own, while a Python
program that audits goes on writing to its file descriptors meanwhile.
"""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from threading import Lock
from typing import IO

_DESCRIPTORS = (1, 2)


class Redirection:
    """Redirection of file descriptors 1 and 2 into a file while any of its blocks runs.

    Blocks may be nested, and may overlap in several threads: they share one file, the first to be entered redirects,
    and the last to be left restores. Log levels do not suffice: oneDNN, CUDA and absl write before any is read.

    Args:
        replay_on_error: whether the file is written to stderr once all blocks are left, if one raised.
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
        """Redirect output while the block runs."""
        with self._lock:
            if self._blocks == 0:
                self._redirect()
            self._blocks += 1
        failed = True
        try:
            yield
            failed = False
        finally:
            with self._lock:
                self._failed |= failed
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
                self._file.seek(0)
                with open(2, "wb", closefd=False) as stderr:
                    stderr.writelines(self._file)


_process_redirection: Redirection | None = None


def enable(replay_on_error: bool) -> None:
    """Enable `quiet` for this process, and have libraries report errors only.

    TensorFlow does so in its log. Pillow warns of images with very many pixels, which the audit refuses itself.

    Args:
        replay_on_error: as for `Redirection` (``--debug``).
    """
    global _process_redirection
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.filterwarnings("ignore", r"Image size .* exceeds limit")
    _process_redirection = Redirection(replay_on_error)


def is_enabled() -> bool:
    """Whether `enable` was called: this process is the command line's."""
    return _process_redirection is not None


def quiet() -> AbstractContextManager[None]:
    """Return a context that redirects output once `enable` was called, and otherwise does nothing."""
    return _process_redirection.block() if _process_redirection else nullcontext()


def discard_output() -> None:
    """Send what this process still writes to the null device."""
    for descriptor in _DESCRIPTORS:
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(ValueError, AttributeError, OSError):
            stream.flush()
