"""Data in object stores, and wherever else fsspec reads, as local copies that are made once for each version."""

import hashlib
import os
import tempfile
from glob import has_magic
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

from filelock import FileLock

from audit.errors import AuditError, not_installed
from audit.machine_errors import machine_error
from audit.provenance.cache_folder import cache_folder

_FOLDER = "data"
_FILES = "files"
_LISTING = "listing"


def is_remote(path: str) -> bool:
    """Return whether a path in a policy is a URL, such as ``s3://bucket/rows.parquet``."""
    return "://" in path


def local_copy(url: str) -> Path:
    """Return the local copy of the file, or of the files of a directory or glob, at ``url``.

    Each process looks the files up itself, and downloads those whose size, time or version differs from its copy's: so
    the workers of a cluster read their own.

    Raises:
        AuditError: a package is not installed, there are no such files, or they cannot be read.
    """
    fsspec = _fsspec()
    try:
        files, path = fsspec.core.url_to_fs(url)
        if files.isfile(path):
            name = PurePosixPath(path).name
            return _copied(files, {path: name}, url) / name
        return _copied(files, _below(path, _listed(files, path)), url)
    except Exception as error:  # each file system has its own
        if of_machine := machine_error(error):
            raise of_machine from None
        raise AuditError(
            where=url,
            expected="data that fsspec can read here",
            found=f"{type(error).__name__}: {error}".splitlines()[0][:300],
            fix="check the address and the credentials; a file system may need a package, such as s3fs or gcsfs",
        ) from None


def _fsspec() -> Any:
    try:
        import fsspec
    except ImportError as error:
        raise not_installed("data.path", "fsspec", "ray", error) from None
    return fsspec


def _version(files: Any, name: str) -> str:
    """Return what tells versions of a file apart; of a server that tells nothing, a text that is never the same.

    fsspec's own key of a file behind HTTP is its address, whatever it holds.
    """
    if not str(files.protocol).count("http"):
        return str(files.ukey(name))
    info = files.info(name)
    known = [info.get(key) for key in ("ETag", "Last-Modified", "mtime")]
    return f"{known} {info.get('size')}" if any(known) else uuid4().hex


def _listed(files: Any, path: str) -> list[str]:
    """Return the names of the files of a directory or glob; a directory that a glob matches is none."""
    entries = files.glob(path, detail=True) if has_magic(path) else files.find(path, detail=True)
    return sorted(name for name, info in entries.items() if info["type"] == "file")


def _below(path: str, names: list[str]) -> dict[str, str]:
    """Return names of files in a directory or glob, each with its path below what the glob has before its first star.

    The names of the directories there may give columns.

    Raises:
        OSError: there are none.
        ValueError: one leads out, as whoever filled an archive or object store may have chosen.
    """
    if not names:
        raise FileNotFoundError("no such file")
    top = PurePosixPath(*takewhile(lambda part: not has_magic(part), PurePosixPath(path).parts))
    paths = {name: os.path.relpath(name, top) for name in names}
    for name, below in paths.items():
        if ".." in (*PurePosixPath(name).parts, *PurePosixPath(below).parts):
            raise ValueError(f"the name {name!r}, which leads out of its folder")
    return paths


def _copied(files: Any, names: dict[str, str], url: str) -> Path:
    """Download into a folder named after address, names and versions, which appears under its name once it is whole.

    One that has lost files since, or parts of them, is downloaded again: rows would be missing unsaid.
    """
    versions = [f"{below} {_version(files, name)}" for name, below in names.items()]
    place = cache_folder() / _FOLDER / hashlib.sha256("\n".join([url, *versions]).encode()).hexdigest()
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(place.with_suffix(".lock")):  # of all workers of a machine, one downloads
        if not _is_whole(place):
            with tempfile.TemporaryDirectory(prefix="partial-", dir=place.parent) as folder:
                copy = Path(folder, "copy")
                for name, below in names.items():
                    target = copy / _FILES / below
                    target.parent.mkdir(parents=True, exist_ok=True)
                    files.get_file(name, str(target))
                (copy / _LISTING).write_text(_listing(copy), "utf-8", "surrogateescape")
                if place.exists():
                    place.rename(Path(folder, "damaged"))
                copy.rename(place)
    return place / _FILES


def _is_whole(place: Path) -> bool:
    listing = place / _LISTING
    return listing.is_file() and listing.read_text("utf-8", "surrogateescape") == _listing(place)


def _listing(place: Path) -> str:
    """Return the sizes and names of the downloaded files, a line each."""
    files = sorted(file for file in (place / _FILES).rglob("*") if file.is_file())
    return "".join(f"{file.stat().st_size} {file.relative_to(place)}\n" for file in files)
