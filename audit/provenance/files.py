"""The files below a directory, as the loaders of models see it: symbolic links are followed, but never out of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from audit.errors import AuditError


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield every file below ``folder``, as its POSIX path relative to it and its path.

    They are those that ``find -L . -type f`` prints there. A link to a file or directory inside counts as what it
    leads to: bytes that are read under two names stand under both.

    Raises:
        AuditError: a symbolic link leads out of ``folder``, nowhere, or round in a circle.
    """
    for path in _walk(folder, folder, ()):
        yield path.relative_to(folder).as_posix(), path


def _walk(root: Path, folder: Path, above: tuple[str, ...]) -> Iterator[Path]:
    above += (os.path.realpath(folder),)
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink():
            _require_inside(entry, root, above)
        if entry.is_dir():
            yield from _walk(root, entry, above)
        elif entry.is_file():
            yield entry


def _require_inside(link: Path, root: Path, above: tuple[str, ...]) -> None:
    target = os.path.realpath(link)
    if not Path(target).is_relative_to(os.path.realpath(root)):
        found = f"a symbolic link that leads out of it, to {target}"
    elif not os.path.exists(target):
        found = f"a symbolic link that leads nowhere, to {os.readlink(link)}"
    elif target in above:
        found = "a symbolic link to a directory that it lies in"
    else:
        return
    raise AuditError(
        where=str(link),
        expected=f"files of {root} only: its digest says what was audited, and its scan what runs",
        found=found,
        fix="copy what it leads to into its place",
    )
