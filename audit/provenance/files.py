"""The place of a path, and the files below a directory: symbolic links are followed, but never out of it."""

import os
from collections.abc import Iterator
from pathlib import Path

from audit.errors import AuditError


def locate(path: str, base: Path | None) -> Path:
    """Return the place of a path in a policy: a relative path is below ``base`` if that exists, else unchanged."""
    below_base = (base or Path()) / path
    return below_base if below_base.exists() else Path(path)


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield every file below ``folder``, as its POSIX path relative to it and its path.

    They are those that ``find -L . -type f`` prints there. A link to a file or directory inside counts as its target:
    bytes that are read under two names are listed under both.

    Raises:
        AuditError: a symbolic link leads out of ``folder``, nowhere, or round in a circle.
    """
    for path in _walk(folder, folder, ()):
        yield path.relative_to(folder).as_posix(), path


def _walk(root: Path, folder: Path, parents: tuple[str, ...]) -> Iterator[Path]:
    parents += (os.path.realpath(folder),)
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink():
            _require_inside(entry, root, parents)
        if entry.is_dir():
            yield from _walk(root, entry, parents)
        elif entry.is_file():
            yield entry


def _require_inside(link: Path, root: Path, parents: tuple[str, ...]) -> None:
    target = os.path.realpath(link)
    if not Path(target).is_relative_to(os.path.realpath(root)):
        problem = f"a symbolic link that leads out of it, to {target}"
    elif not os.path.exists(target):
        problem = f"a symbolic link that leads nowhere, to {os.readlink(link)}"
    elif target in parents:
        problem = "a symbolic link to a directory that it lies in"
    else:
        return
    raise AuditError(
        where=str(link),
        expected=f"files of {root} only: its digest says what was audited, and its scan what runs",
        found=problem,
        fix="copy what it leads to into its place",
    )
