"""Models of an MLflow registry as local files: downloaded once, kept by digest, and checked at every use.

The cache is the directory that `cache_folder` names. `models/` in it holds a download below its digest, `versions/` the
digest of each version's. What an alias or a run's path names is looked up every time.
"""

import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from audit.errors import AuditError
from audit.provenance.cache_folder import cache_folder
from audit.provenance.digest import digest
from audit.provenance.files import files_below
from audit.registry.address import parse_address
from audit.registry.mlflow_client import RegistryClient
from audit.registry.mlflow_connection import connect
from audit.registry.resolution import Resolution, resolve

_ABANDONED_SECONDS = 24 * 3600
_PARTIAL = "partial-"


def download(address: str) -> tuple[Path, Resolution]:
    """Return the local copy of the model at ``address``, whose files are read-only, and what it was resolved to.

    A version whose files were downloaded before is not downloaded again, unless the copy is damaged.

    Raises:
        AuditError: there is no such model, or the registry or its files cannot be reached.
    """
    client = connect()
    resolved = resolve(client, parse_address(address))
    cache = _Cache(cache_folder())
    folder = cache.get(resolved.identity) if resolved.identity else None
    if folder is None:
        with cache.partial() as partial:
            folder = cache.add(_content(client, resolved, partial), resolved.identity)
    return folder, resolved


@contextmanager
def fresh_download(address: str) -> Iterator[Path]:
    """Context with the files that the registry has now, whatever was downloaded before; they go when it ends.

    Raises:
        AuditError: as of `download`.
    """
    client = connect()
    resolved = resolve(client, parse_address(address))
    with tempfile.TemporaryDirectory(prefix=_PARTIAL) as folder:
        yield _content(client, resolved, Path(folder))


def _content(client: RegistryClient, resolved: Resolution, folder: Path) -> Path:
    """Download into ``folder`` and return the directory of the model, or the one that holds its single file."""
    place = client.download(resolved.location, folder)
    place = place.parent if place.is_file() else place
    if next(files_below(place), None) is None:
        raise AuditError(
            where=resolved.location,
            expected="the files of a model",
            found="none",
            fix="log the model again: the registry has no files of it",
        )
    return place


class _Cache:
    """Downloads by digest; every change is a rename, so that readers and writers may run at once."""

    def __init__(self, folder: Path) -> None:
        self._models = folder / "models"
        self._versions = folder / "versions"

    def get(self, identity: str) -> Path | None:
        """Return the files of a version; None if they were not downloaded, or are no longer those that were."""
        with suppress(OSError, UnicodeDecodeError):
            name = self._index(identity).read_text("ascii")
            folder = self._models / name
            if folder.is_dir() and _name(folder) == name:
                return folder
        return None

    def add(self, folder: Path, identity: str | None) -> Path:
        """Move a finished download to its place, unless the same bytes are there, and return that place."""
        name = _name(folder)
        place = self._models / name
        for _, file in files_below(folder):
            file.chmod(stat.S_IREAD | stat.S_IRGRP | stat.S_IROTH)
        if not (place.is_dir() and _name(place) == name):
            self._move(folder, place)
        if identity:
            self._record(identity, name)
        return place

    @contextmanager
    def partial(self) -> Iterator[Path]:
        """Context with an empty directory beside the finished ones; what stays in it goes when it ends."""
        self._models.mkdir(parents=True, exist_ok=True)
        self._sweep()
        with tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=self._models) as folder:
            content = Path(folder) / "model"
            content.mkdir()
            yield content

    def _move(self, folder: Path, place: Path) -> None:
        """Rename ``folder`` to ``place``; a damaged copy there goes with the partial directory."""
        with suppress(FileNotFoundError):
            place.rename(folder.parent / "damaged")
        try:
            folder.rename(place)
        except OSError:  # another process was first: directories that hold something are not replaced
            if not (place.is_dir() and _name(place) == place.name):
                raise

    def _record(self, identity: str, name: str) -> None:
        self._versions.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self._versions, delete=False) as file:
            file.write(name)
        os.replace(file.name, self._index(identity))

    def _index(self, identity: str) -> Path:
        return self._versions / hashlib.sha256(identity.encode()).hexdigest()

    def _sweep(self) -> None:
        """Remove what killed downloads have left, once they are surely over."""
        for folder in self._models.glob(f"{_PARTIAL}*"):
            with suppress(OSError):
                if time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS:
                    shutil.rmtree(folder)


def _name(folder: Path) -> str:
    return digest(folder).removeprefix("sha256:")
