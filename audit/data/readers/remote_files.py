"""Data in object stores, and wherever else fsspec reads, as local copies that are made once for each version."""

import hashlib
import os
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

from filelock import FileLock

from audit.errors import AuditError, not_installed
from audit.machine_errors import machine_error
from audit.provenance.cache_folder import cache_folder

_FOLDER = "data"


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
        names = sorted(
            [path] if files.isfile(path) else files.glob(path) if "*" in path else files.find(path)
        )
        if not names:
            raise FileNotFoundError("no such file")
        for name in names:  # of archives and object stores, whoever filled them chose the names
            if ".." in PurePosixPath(name).parts:
                raise ValueError(f"the name {name!r}, which leads out of its folder")
        versions = [_version(files, name) for name in names]
        return _copied(files, names, versions, url)
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


def _copied(files: Any, names: list[str], versions: list[str], url: str) -> Path:
    """Download into a folder named after address and versions, which appears under its name once it is whole."""
    key = hashlib.sha256("\n".join([url, *versions]).encode()).hexdigest()
    place = cache_folder() / _FOLDER / key
    top = os.path.commonpath([str(PurePosixPath(name).parent) for name in names])
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(place.with_suffix(".lock")):  # of all workers of a machine, one downloads
        if not place.exists():
            with tempfile.TemporaryDirectory(prefix="partial-", dir=place.parent) as folder:
                for name in names:
                    target = Path(folder, "files", os.path.relpath(name, top))
                    target.parent.mkdir(parents=True, exist_ok=True)
                    files.get_file(name, str(target))
                Path(folder, "files").rename(place)
    return place / os.path.relpath(names[0], top) if len(names) == 1 else place
