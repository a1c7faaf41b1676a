"""Changes of state after a batch, in words: what an alert says, once."""

import math
from collections.abc import Iterator, Sequence

from audit.formats.text.where_labels import describe
from audit.monitoring.outcome import BatchOutcome, DriftOutcome, Event, IntervalEstimate, RuleOutcome
from audit.monitoring.run_state import RunState

_NAMED = 3


def changes(before: RunState, state: RunState, outcome: BatchOutcome) -> Iterator[Event]:
    """Yield an event for each alarm that ``state`` has and ``before`` has not."""
    rules = [name for name, rule in state.rules.items() if rule.alarm and not before.rules[name].alarm]
    for name in rules:
        yield Event(kind="rule", subject=name, text=f"The rule {name} does not hold: {_rule(outcome, name)}")
    if state.drift_alarm and not before.drift_alarm:
        named = most_shifted(outcome.drift)
        yield Event(
            kind="drift",
            subject=named[0].variable if named else "",
            text=f"Drift: {'; '.join(map(shift, named))}",
        )
    elif state.alarm and not before.alarm and not rules:
        yield Event(
            kind="alarm",
            text="All evidence together has reached the alarm line, and no rule or variable by itself. Largest shifts: "
            f"{'; '.join(map(shift, most_shifted(outcome.drift)))}",
        )


def most_shifted(drift: Sequence[DriftOutcome], number: int = _NAMED) -> list[DriftOutcome]:
    """Return the variables with the most evidence of a shift, each in the group where it has the most."""
    strongest: dict[tuple[str, str], DriftOutcome] = {}
    for one in sorted(drift, key=lambda one: -one.evidence.log_e):
        strongest.setdefault((one.kind, one.variable), one)
    return [one for one in list(strongest.values())[:number] if one.evidence.log_e > 0]


def shift(one: DriftOutcome) -> str:
    """Return a shift in words."""
    where = f" of {one.group}" if one.group else ""
    return f"{one.title}{where}, distance {interval_text(one.ks)}"


def _rule(outcome: BatchOutcome, name: str) -> str:
    """Return what this batch says of a rule, its broken measurements first."""
    measured = sorted((rule for rule in outcome.rules if rule.rule == name), key=lambda rule: not rule.breaks)
    texts = [
        f"{describe(rule.where) or rule.metric} {interval_text(rule.estimate)}" for rule in measured[:_NAMED]
    ]
    return (
        f"in this batch {'; '.join(texts)}, limit {limits(measured[0])}" if measured else "by earlier batches"
    )


def limits(rule: RuleOutcome) -> str:
    """Return a rule's limits in words."""
    if math.isfinite(rule.low) and math.isfinite(rule.high):
        return f"{rule.low:g} to {rule.high:g}"
    return f"at least {rule.low:g}" if math.isfinite(rule.low) else f"at most {rule.high:g}"


def interval_text(estimate: IntervalEstimate) -> str:
    """Return a value with its interval."""
    if math.isnan(estimate.low):
        return f"{estimate.value:.3g}"
    return f"{estimate.value:.3g} ({estimate.low:.3g} to {estimate.high:.3g})"
