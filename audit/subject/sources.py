"""The tables of an audit, audited rows and background rows, and a model that is bound to their columns."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from audit.data.nulls import OTHERS
from audit.data.readers.registry import open_source
from audit.data.source import Source
from audit.inputs.absent_features import left_out, with_optional
from audit.inputs.binding import bind, by_position, unbound
from audit.inputs.feeds import Feed
from audit.model.model import Model
from audit.policy.model import Policy, ResolvedPolicy
from audit.result import RegistryFacts
from audit.subject.respelled_columns import respelled_columns


class Sources(NamedTuple):
    """The tables of audited rows and background rows; one and the same if the policy names no background."""

    data: Source
    background: Source

    @property
    def files(self) -> list[Path]:
        """All files that audited rows and background rows are read from."""
        return [*self.data.files, *self.background.files]

    def require(self, feeds: Sequence[Feed]) -> None:
        """Raise an AuditError unless both tables have every column that the model reads."""
        for source in self:
            source.require(columns_read(feeds))

    def digests(self, pool: ThreadPoolExecutor) -> Mapping[str, Future[str]]:
        """Start to compute the digest of each distinct table; return the futures by its key in the policy."""
        distinct = self if self.background is not self.data else self[:1]
        return {key: pool.submit(source.digest) for key, source in zip(self._fields, distinct, strict=False)}


def columns_read(feeds: Sequence[Feed]) -> list[str]:
    """Return the data columns that ``feeds`` read; one that several read occurs more than once."""
    return [column for feed in feeds for column in feed.reads]


def open_sources(policy: Policy, base: Path | None) -> Sources:
    """Return the tables of data and background of a policy; relative paths are looked up in ``base`` first.

    Raises:
        AuditError: there is no such data, or ``data.missing`` or ``data.ignore`` names a column that it lacks.
    """
    csv = policy.data.csv
    data = open_source(policy.data.path, base, csv)
    data.require([column for column in policy.data.missing if column != OTHERS])
    data.require_present(policy.data.ignore)
    background = open_source(policy.data.background, base, csv) if policy.data.background else data
    return Sources(data, background)


@dataclass(frozen=True, kw_only=True)
class AuditedModel:
    """A model, where it was loaded from, and the policy as it applies to that model."""

    policy: ResolvedPolicy
    path: Path
    model: Model
    registry: RegistryFacts | None = None


@dataclass(frozen=True, kw_only=True)
class BoundModel(AuditedModel):
    """A loaded model with the feeds that make its inputs from data columns.

    ``warnings`` are for the top of the report: at first those of the binding, of a `Subject` all of model and data.
    """

    feeds: list[Feed]
    warnings: list[str] = field(default_factory=list)


def bind_model(loaded: AuditedModel, sources: Sources) -> BoundModel:
    """Return the model with each of its inputs matched with columns of ``sources``.

    Raises:
        AuditError: an input has no column that fits, or the background lacks one.
    """
    policy = loaded.policy
    schema = sources.data.schema
    model = loaded.model.without(unbound(loaded.model.fed, policy.model.inputs, policy.data, schema))
    bound = bind(model.fed, policy.model.inputs, policy.data, schema, model.where, model.channels)
    feeds = with_optional(bound, model.optional, policy.data.missing)
    sources.require(feeds)
    model = model.lacking(left_out(feeds, policy.data.missing))
    notes = dict.fromkeys(note for source in sources for note in source.notes)
    warnings = [
        *notes,
        *model.signature.warnings,
        *by_position(feeds, policy.model.inputs),
        *respelled_columns(feeds, sources.data),
    ]
    return BoundModel(
        policy=policy,
        path=loaded.path,
        model=model,
        registry=loaded.registry,
        feeds=feeds,
        warnings=warnings,
    )
