"""A loaded model, and the feeds that make its inputs from data columns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from audit.inputs.binding import bind, unbound
from audit.inputs.feeds import Feed
from audit.model.model import Model
from audit.policy.model import ResolvedPolicy
from audit.subject.sources import Sources


@dataclass(frozen=True, kw_only=True)
class AuditedModel:
    """A model, where it was loaded from, and the policy as it applies to that model."""

    policy: ResolvedPolicy
    path: Path
    model: Model


@dataclass(frozen=True, kw_only=True)
class BoundModel(AuditedModel):
    """A loaded model with the feeds of its inputs."""

    feeds: list[Feed]


def bind_model(loaded: AuditedModel, sources: Sources) -> BoundModel:
    """Match the model's inputs with columns of ``sources``.

    Raises:
        AuditError: an input has no column that fits, or the background lacks one.
    """
    policy = loaded.policy
    schema = sources.data.schema
    model = loaded.model.without(unbound(loaded.model.fed, policy.model.inputs, policy.data, schema))
    feeds = bind(model.fed, policy.model.inputs, policy.data, schema, model.where, model.channels)
    sources.require(feeds)
    return BoundModel(policy=policy, path=loaded.path, model=model, feeds=feeds)
