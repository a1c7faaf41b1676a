"""Files that travel with a function, for workers on machines that do not have them."""

import errno
import hashlib
import io
import os
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_LOCAL: dict[str, Path] = {}


class Archive(NamedTuple):
    """A file or directory at ``path``, as ``data``: an uncompressed tar archive."""

    path: str
    data: bytes


def pack(path: Path) -> Archive:
    """Return a file or directory with all that is in it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.add(path, arcname=path.name)
    return Archive(str(path), stream.getvalue())


def unpack(archive: Archive) -> None:
    """Unpack an archive whose path this machine does not have; `local_path` then finds it.

    All workers of a user on a machine share what is unpacked, by its content, among the temporary files.

    Raises:
        OSError: the directory for it belongs to somebody else, or the disk is full.
    """
    path = Path(archive.path)
    if path.exists() or archive.path in _LOCAL:
        return
    top = _own_folder()
    place = top / hashlib.sha256(archive.data).hexdigest()
    if not place.exists():
        with tempfile.TemporaryDirectory(prefix="partial-", dir=top) as folder:
            with tarfile.open(fileobj=io.BytesIO(archive.data)) as files:
                files.extractall(Path(folder, "files"), filter="data")
            with suppress(OSError):  # another worker was faster
                Path(folder, "files").rename(place)
    _LOCAL[archive.path] = place / path.name


def _own_folder() -> Path:
    folder = Path(tempfile.gettempdir(), f"audit-models-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(errno.EPERM, "it belongs to somebody else", str(folder))
    return folder


def local_path(path: Path) -> Path:
    """Return where a file or directory is on this machine."""
    return _LOCAL.get(str(path), path)
