"""Writes reports whole or not at all, and keeps the older one aside until then."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from audit.errors import AuditError

REPORTS = ("report.json", "report.html")
"""The files of a report. Nothing else in the directory is ever touched."""

PREVIOUS = "previous"
_PARTIAL = ".partial-"
_PROCESS = re.compile(re.escape(_PARTIAL) + r"([1-9][0-9]*)-[a-z0-9_]+")


def set_aside(folder: Path) -> None:
    """Make ``folder``, move an older report in it to ``previous/``, and sweep up after a killed run.

    Raises:
        AuditError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"{_PARTIAL}*"):
            if _abandoned(left):
                shutil.rmtree(left)
        older = [folder / name for name in REPORTS if os.path.lexists(folder / name)]
        previous = folder / PREVIOUS
        if previous.is_symlink():
            raise NotADirectoryError(0, f"{PREVIOUS!r} in it is a symbolic link", str(previous))
        if older:
            previous.mkdir(exist_ok=True)
            for name in REPORTS:
                (previous / name).unlink(missing_ok=True)
            for file in reversed(older):  # the JSON last: it is the artefact
                file.replace(previous / file.name)
    except OSError as error:
        raise _not_writable(folder, error) from None


def write_whole(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write ``texts`` by file name into ``folder``; each appears complete, and none before all are written.

    Raises:
        AuditError: the folder cannot be written; then nothing new is in it.
    """
    placed: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{_PARTIAL}{os.getpid()}-", dir=folder) as partial:
            for name, text in texts.items():
                # a path that is not UTF-8 comes as lone surrogates: written as JSON escapes them
                with open(Path(partial) / name, "wb") as stream:
                    stream.write(text.encode("utf-8", "backslashreplace"))
                    stream.flush()
                    os.fsync(stream.fileno())
            for name in texts:
                placed.append((Path(partial) / name).replace(folder / name))
        return placed
    except OSError as error:
        for file in placed:
            file.unlink(missing_ok=True)
        raise _not_writable(folder, error) from None


def _abandoned(partial: Path) -> bool:
    """Tell whether ``partial`` is of a run that ended: another run's files are not swept up, nor a user's."""
    number = _PROCESS.fullmatch(partial.name)
    if not number:
        return False
    try:
        with suppress(PermissionError):  # it runs, as somebody else
            os.kill(int(number[1]), 0)
    except (ProcessLookupError, OverflowError):
        return True
    return False


def _not_writable(folder: Path, error: OSError) -> AuditError:
    return AuditError(
        where=str(folder),
        expected="a directory that can be written",
        found=str(error.strerror or error),
        fix="name another one with --out",
    )
