"""Keeps the start-up noise of native libraries from the user, and gives it back when something fails."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

replay_on_error = False
"""Whether what was held back is written to stderr when the block raises (``--debug``)."""


@contextmanager
def quiet() -> Iterator[None]:
    """Send what is written to file descriptors 1 and 2 into a file for as long as the block runs.

    Log levels do not suffice: oneDNN, CUDA and absl write before any of them is read.
    """
    _flush()
    saved = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 1)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            _restore(saved)
            _replay(held.fileno())
            raise
        _restore(saved)


def _restore(saved: tuple[int, int]) -> None:
    _flush()
    for target, source in zip((1, 2), saved, strict=True):
        os.dup2(source, target)
        os.close(source)


def _replay(source: int) -> None:
    os.lseek(source, 0, os.SEEK_SET)
    while replay_on_error and (chunk := os.read(source, 65536)):
        os.write(2, chunk)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(ValueError, AttributeError, OSError):
            stream.flush()
