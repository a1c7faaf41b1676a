"""Files that travel with a function, for workers on machines that do not have them."""

import io
import tarfile
import tempfile
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
    """Unpack an archive whose path this machine does not have, once in a process; `local_path` then finds it."""
    path = Path(archive.path)
    if path.exists() or archive.path in _LOCAL:
        return
    folder = Path(tempfile.mkdtemp(prefix="audit-model-"))
    with tarfile.open(fileobj=io.BytesIO(archive.data)) as files:
        files.extractall(folder, filter="data")
    _LOCAL[archive.path] = folder / path.name


def local_path(path: Path) -> Path:
    """Return where a file or directory is on this machine."""
    return _LOCAL.get(str(path), path)
