"""Files that travel with a function, for workers on machines that do not have the same ones under their path."""

import errno
import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class FileTree(NamedTuple):
    """A file or directory at the absolute ``path``, and the ``digest`` of its name and of all that is in it."""

    path: str
    digest: str

    @classmethod
    def of(cls, path: Path) -> "FileTree":
        """Return the tree at ``path``."""
        path = path.resolve()
        return cls(str(path), _digest(path))

    @property
    def is_here(self) -> bool:
        """Whether this machine has the same files under the same path."""
        return self.is_at(Path(self.path))

    def is_at(self, path: Path) -> bool:
        """Whether the same files can be read under a path of the same name."""
        with suppress(OSError):
            return path.exists() and _digest(path) == self.digest
        return False


def _digest(path: Path) -> str:
    """Return the SHA-256 of the path's own name and of the names and contents of all files; links are followed."""
    walk = os.walk(path, followlinks=True)
    files = sorted(Path(folder, name) for folder, _, names in walk for name in names) or [path]
    total = hashlib.sha256(f"{path.name}\0".encode())
    for file in filter(Path.is_file, files):
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{file.relative_to(path).as_posix()}\0{content}\n".encode())
    return total.hexdigest()


_LOCAL: dict[FileTree, Path] = {}
_PLACES: dict[str, Path] = {}


def pack(tree: FileTree) -> bytes:
    """Return the files as an uncompressed tar archive, in which links are what they lead to."""
    stream = io.BytesIO()
    path = Path(tree.path)
    with tarfile.open(fileobj=stream, mode="w", dereference=True) as archive:
        archive.add(path, arcname=path.name)
    return stream.getvalue()


def provide(tree: FileTree, archive: Callable[[], bytes]) -> None:
    """Find the files of another machine here, once in a process, or unpack them; `local_path` then returns them.

    All workers of a user on a machine share what is unpacked, by its digest, among the temporary files.

    Raises:
        OSError: the directory for it belongs to somebody else, or the disk is full.
    """
    if tree not in _LOCAL:
        _LOCAL[tree] = Path(tree.path) if tree.is_here else _unpacked(tree, archive)
        _PLACES[tree.path] = _LOCAL[tree]


def _unpacked(tree: FileTree, archive: Callable[[], bytes]) -> Path:
    top = _own_folder()
    place = top / tree.digest
    path = place / Path(tree.path).name
    if not tree.is_at(path):  # what is there may have lost files, as temporary ones do
        with tempfile.TemporaryDirectory(prefix="partial-", dir=top) as folder:
            with tarfile.open(fileobj=io.BytesIO(archive())) as files:
                files.extractall(Path(folder, "files"), filter="data")
            with suppress(FileNotFoundError):
                place.rename(Path(folder, "damaged"))
            with suppress(OSError):  # another worker was faster
                Path(folder, "files").rename(place)
    return path


def _own_folder() -> Path:
    folder = Path(tempfile.gettempdir(), f"audit-models-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.lstat().st_uid != os.getuid():
        raise PermissionError(errno.EPERM, "it belongs to somebody else", str(folder))
    return folder


def local_path(path: Path) -> Path:
    """Return where the files of an absolute path are on this machine."""
    return _PLACES.get(str(path), path)
