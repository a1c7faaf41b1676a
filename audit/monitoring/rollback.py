"""Rollback by rule: once a rule has failed on enough consecutive batches, the alias goes back one promotion."""

import math
from datetime import datetime

from audit.errors import Refused
from audit.monitoring.outcome import BatchOutcome
from audit.policy.model import RollbackSpec
from audit.promotion.log import read_history
from audit.promotion.mlflow_store import MlflowStore, parse_target
from audit.promotion.moves import Author
from audit.promotion.promote import rollback
from audit.registry.mlflow_connection import connect

ACTOR = "audit monitor"


def failing_rule(spec: RollbackSpec | None, outcome: BatchOutcome) -> str | None:
    """Return a rule that has failed on as many consecutive batches as the policy asks for, None if there is none."""
    if spec is None:
        return None
    return next((stream.rule for stream in outcome.streams if stream.failing >= spec.after), None)


def roll_back(spec: RollbackSpec, model: str, rule: str, outcome: BatchOutcome, now: datetime) -> str:
    """Move the alias back, by the protocol of promotion, and return in words what came of it.

    Args:
        spec: the alias.
        model: digest of the monitored model: an alias that serves another one is left alone.
        rule: the rule that fails.
        outcome: the batch that decided.
        now: the present time, with its zone.

    Raises:
        AuditError: the registry cannot be reached, or somebody else moves the alias: the next batch tries again.
    """
    target = parse_target(spec.alias)
    store = MlflowStore(connect(), target)
    version = store.served()
    entry = None if version is None else read_history(store).last_entry(version)
    if entry is None or entry.model != model:
        return f"{target.address} was not rolled back: it serves another model than the one that is monitored"
    try:
        result = rollback(target, Author(ACTOR, now, _reason(spec, rule, outcome)))
    except Refused as refusal:
        return f"{target.address} was not rolled back: {refusal.found}"
    return f"{target.address} was rolled back from version {version} to version {result.history.version}"


def _reason(spec: RollbackSpec, rule: str, outcome: BatchOutcome) -> str:
    stream = next(one for one in outcome.streams if one.rule == rule)
    values = "; ".join(
        f"{one.metric} {one.estimate.value:.3g} ({one.estimate.low:.3g} to {one.estimate.high:.3g})"
        for one in outcome.rules
        if one.rule == rule and one.breaks
    )
    e_value, line = (value / math.log(10) for value in (stream.evidence.log_e, stream.evidence.log_line))
    return (
        f"rule {rule} failed on {stream.failing} consecutive batches (rollback after {spec.after}), e-value "
        f"10^{e_value:.1f} at the alarm line 10^{line:.1f}; the last one, as of {outcome.as_of}: {values}"
    )
