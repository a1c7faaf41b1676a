"""Detection of changes during an audit: the digests in its report have to be those of the bytes that were read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from audit.errors import AuditError
from audit.provenance.digest import fingerprint


class Watched:
    """Files and directories, with their fingerprints at the beginning."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._seen = {path: fingerprint(path) for path in paths}

    def require_unchanged(self) -> None:
        """Raise an AuditError if one of them has changed since: a model is promoted by its digest."""
        for path, seen in self._seen.items():
            if fingerprint(path) != seen:
                raise AuditError(
                    where=str(path),
                    expected="files that stay as they are while they are audited",
                    found="a change during the audit",
                    fix="run the audit again",
                )
