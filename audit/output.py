"""Writes reports whole or not at all, and keeps the older one aside until then."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from audit.errors import AuditError

PREVIOUS = "previous"
_PARTIAL = ".partial-"


def set_aside(folder: Path) -> None:
    """Make ``folder``, move an older report in it to ``previous/``, and sweep up after a killed run.

    Raises:
        AuditError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"{_PARTIAL}*"):
            shutil.rmtree(left)
        older = _reports(folder)
        if older:
            previous = folder / PREVIOUS
            previous.mkdir(exist_ok=True)
            for file in _reports(previous):
                file.unlink()
            for file in older:
                file.replace(previous / file.name)
    except OSError as error:
        raise _not_writable(folder, error) from None


def write_whole(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write ``texts`` by file name into ``folder``; each appears complete, and none before all are written.

    Raises:
        AuditError: the folder cannot be written; then nothing new is in it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=folder) as partial:
            for name, text in texts.items():
                # a path that is not UTF-8 comes as lone surrogates: written as JSON escapes them
                with open(Path(partial) / name, "wb") as stream:
                    stream.write(text.encode("utf-8", "backslashreplace"))
                    stream.flush()
                    os.fsync(stream.fileno())
            return [(Path(partial) / name).replace(folder / name) for name in texts]
    except OSError as error:
        raise _not_writable(folder, error) from None


def _reports(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("report.*") if file.is_file())


def _not_writable(folder: Path, error: OSError) -> AuditError:
    return AuditError(
        where=str(folder),
        expected="a directory that can be written",
        found=str(error.strerror or error),
        fix="name another one with --out",
    )
