"""The rows of an audit: where the features stream from, and what is known of every row besides them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from audit.data.readers.registry import open_source
from audit.data.source import Source
from audit.inputs.feeds import Feed
from audit.policy.model import Policy


@dataclass(frozen=True)
class Sources:
    """The audited rows and the reference rows; one and the same where the policy names no background."""

    data: Source
    background: Source

    @property
    def files(self) -> list[Path]:
        """All files that are read."""
        return [*self.data.files, *self.background.files]

    def require(self, feeds: Sequence[Feed]) -> None:
        """Raise an AuditError unless both have every column that a model reads."""
        for given in (self.data, self.background):
            given.require([column for feed in feeds for column in feed.reads])

    def digests(self, pool: ThreadPoolExecutor) -> Mapping[str, Future[str]]:
        """Start to compute the digest of each, by its key in the policy."""
        sources = {"data": self.data}
        if self.background is not self.data:
            sources["background"] = self.background
        return {name: pool.submit(given.digest) for name, given in sources.items()}


def open_sources(policy: Policy, base: Path | None) -> Sources:
    """Open what the policy names; relative paths are looked up in ``base`` first.

    Raises:
        AuditError: there is no such data, or ``data.missing`` names a column that it lacks.
    """
    data = open_source(policy.data.path, base)
    data.require(list(policy.data.missing))
    background = open_source(policy.data.background, base) if policy.data.background else data
    return Sources(data, background)
