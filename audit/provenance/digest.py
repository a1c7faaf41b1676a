"""SHA-256 of files and directories, and detection of their changes during an audit."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from audit.errors import AuditError
from audit.provenance.files import files_below


def file_digest(path: Path) -> str:
    """Return the SHA-256 of one file in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(path: Path) -> str:
    """Return ``sha256:`` of a file, or of the sorted listing of all files below a directory.

    For a directory it is what ``find -L . -type f | sort | xargs sha256sum | sha256sum`` prints there
    (bytewise order, the leading ``./`` removed). Links are followed, so that a link to another file changes it.

    Raises:
        AuditError: the directory holds a symbolic link that leads out of it.
    """
    return f"sha256:{file_digest(path)}" if path.is_file() else listing_digest(files_below(path))


def listing_digest(files: Iterable[tuple[str, Path]]) -> str:
    """Return ``sha256:`` of the text that lists hash, two spaces and name for each of ``files``."""
    return digest_of_hashes({name: file_digest(path) for name, path in files})


def file_hashes(path: Path) -> dict[str, str]:
    """Return the SHA-256 in hex of each file below a directory by its name in the listing; none of a single file."""
    files = files_below(path) if path.is_dir() else ()
    return {name: file_digest(file) for name, file in files}


def digest_of_hashes(hashes: Mapping[str, str]) -> str:
    """Return ``sha256:`` of the text that lists ``hashes``, which are in hex, by name."""
    names = sorted(hashes, key=lambda name: name.encode("utf-8", "surrogateescape"))
    text = "".join(_line(hashes[name], name) for name in names)
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _line(sha256: str, name: str) -> str:
    """Return a line of the listing: as of sha256sum, which escapes line breaks, lest a name stand for two files."""
    if "\n" not in name:
        return f"{sha256}  {name}\n"
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"\\{sha256}  {escaped}\n"


class WatchedFiles:
    """Files and directories that must not change during an audit: its report has the digests of what was read."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._seen = {path: _fingerprint(path) for path in paths}

    def require_unchanged(self) -> None:
        """Raise an AuditError if one of them has changed since: a model is promoted by its digest."""
        for path, seen in self._seen.items():
            if _fingerprint(path) != seen:
                raise AuditError(
                    where=str(path),
                    expected="files that stay as they are while they are audited",
                    found="a change during the audit",
                    fix="run the audit again",
                )


def _fingerprint(path: Path) -> list[tuple[str, int, int, int, int]]:
    """Return name, size, inode and times of change of a file, or of all that is below a directory, and itself.

    Equal fingerprints before reading and after hashing mean that the bytes read are those hashed. An inode's own time
    of change tells what was renamed and renamed back, and what was written and given its old time.
    """
    files = [file for _, file in files_below(path)] if path.is_dir() else [path]
    entries = [path, *sorted(path.rglob("*"))] if os.path.lexists(path) else []
    stats = [(str(entry), entry.lstat()) for entry in entries]
    stats += [(str(file), file.stat()) for file in files if file.is_file()]  # of what links lead to
    return [(name, s.st_size, s.st_ino, s.st_mtime_ns, s.st_ctime_ns) for name, s in stats]
