"""Words and numbers that all forms of a diff share."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from audit.diff.chance import CONFIDENCE
from audit.diff.presence import label
from audit.diff.records import (
    NAMED,
    Effect,
    FactChange,
    MeasurementChange,
    PolicyChange,
    ReportDiff,
    RuleChange,
)
from audit.formats.text.margins import in_words
from audit.formats.text.where_labels import describe
from audit.numbers import count, interval, number, written

_ORDER: tuple[Effect, ...] = ("loosened", "both", "tightened", "neither")
_EFFECTS = {"both": "loosened and tightened", "neither": "changed"}
_MAX_ROWS_BY_CHANCE = 10


def headline(diff: ReportDiff) -> str:
    """Return both verdicts in a few words, today's first: no glance may take an old pass for the verdict."""
    old = diff.old.verdict.upper()
    new = diff.new.verdict.upper()
    return f"{new}, was {old}" if old != new else f"{new}, as before"


def named(changes: Iterable[MeasurementChange]) -> list[MeasurementChange]:
    """Return the changes that chance does not explain, those that a rule is decided on first."""
    beyond = [change for change in changes if change.finding in NAMED]
    return sorted(beyond, key=lambda change: not change.decides)


def open_changes(changes: Iterable[MeasurementChange]) -> list[MeasurementChange]:
    """Return the changes of which it is not known whether they are chance."""
    return [change for change in changes if change.finding in ("unknown", "not comparable")]


def largest_by_chance(changes: Iterable[MeasurementChange]) -> list[MeasurementChange]:
    """Return the largest changes of attribution shares within chance."""
    shares = [
        change
        for change in changes
        if change.finding == "chance" and change.metric == "explainability.attribution_share"
    ]
    return sorted(shares, key=lambda change: -abs(change.change))[:_MAX_ROWS_BY_CHANCE]


def tally(diff: ReportDiff) -> str:
    """Return how many values changed, and how many of them by more than chance."""
    changes = list(diff.changes)
    if not changes:
        return "No measured value changed."
    beyond = sum(change.finding == "more than chance" for change in changes)
    certain = sum(change.finding == "not chance" for change in changes)
    within = sum(change.finding == "chance" for change in changes)
    unknown = len(changes) - beyond - certain - within
    parts = [f"{count(beyond)} by more than chance"]
    parts += [f"{count(certain)} certainly, since no chance is involved"] if certain else []
    parts += [f"{count(within)} within chance"]
    parts += [f"{count(unknown)} where that is not known"] if unknown else []
    values = "1 measured value" if len(changes) == 1 else f"{count(len(changes))} measured values"
    return f"{values} changed: {', '.join(parts)}."


def method(diff: ReportDiff) -> str:
    """Return how chance was controlled."""
    if not diff.tests:
        return ""
    tested = "1 difference was" if diff.tests == 1 else f"{count(diff.tests)} differences were"
    level = written(round(100 * (1 - CONFIDENCE), 6))
    return (
        f"{tested} tested; the probability that any is named by chance is at most {level}\u00a0% (Holm). Intervals "
        f"are {written(100 * CONFIDENCE)}\u00a0% ones of single differences."
    )


def measured(change: MeasurementChange) -> str:
    """Return the metric with its ``where``."""
    return label(change.new)


def step(change: MeasurementChange) -> str:
    """Return the difference with its interval."""
    return f"{signed(change.change)} ({span(change.ci)})" if change.ci else signed(change.change)


def signed(value: float) -> str:
    """Return a difference with its sign."""
    return f"+{number(value)}" if value > 0 else number(value)


def span(ci: tuple[float, float] | None) -> str:
    """Return both ends of an interval; empty without one."""
    return interval(ci, "")


def direction(change: MeasurementChange) -> str:
    """Return whether the new value is better or worse; empty if that is not known."""
    return "" if change.better is None else "better" if change.better else "worse"


def status(change: RuleChange, side: str) -> str:
    """Return a rule's status in the ``old`` or ``new`` report."""
    value = getattr(change, side)
    would_be = getattr(change, f"{side}_would_be")
    if value is None:
        return "no such rule"
    return f"{value} (would be {would_be})" if would_be else str(value)


def limit(change: RuleChange) -> str:
    """Return a rule's limit in words."""
    return in_words(change.limit)


def effect(change: PolicyChange) -> str:
    """Return the effect of a change of the policy in words."""
    return _EFFECTS.get(change.effect, change.effect)


def by_effect(changes: Sequence[PolicyChange]) -> list[PolicyChange]:
    """Return the changes of the policy, those that loosen it first."""
    return sorted(changes, key=lambda change: _ORDER.index(change.effect))


def policy_tally(diff: ReportDiff) -> str:
    """Return how many changes of the policy have which effect: a pass may be one of a looser policy; empty for none."""
    numbers = Counter(change.effect for change in diff.policy)
    parts = [f"{count(numbers[name])} {_EFFECTS.get(name, name)}" for name in _ORDER if numbers[name]]
    return f"Policy: {', '.join(parts)}." if parts else ""


def place(change: PolicyChange) -> str:
    """Return what of the policy changed."""
    if change.rule is None:
        return change.key
    return f"{change.key} of {change.rule}" if change.key != "rule" else change.rule


def demand(change: PolicyChange, value: object) -> str:
    """Return the old or the new value of a change of the policy as text."""
    if not isinstance(value, dict):
        return setting(value)
    if change.key == "limit":
        return in_words(value)
    if change.key == "where":
        return describe(value) or "all rows"
    if change.key == "waiver":
        return (
            f"{', '.join(value['covers'])} until {value['expires']}, by {value['owner']}: {value['reason']}"
        )
    if change.key != "rule":
        return setting(value)
    limits = {key: limit for key, limit in value.items() if key not in ("metric", "where")}
    where = describe(value.get("where", {}))
    return f"{value['metric']}{' of ' + where if where else ''}: {in_words(limits)}"


def setting(value: object) -> str:
    """Return a setting or a fact as text; a dash for none."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, float | int) and not isinstance(value, bool):
        return written(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def fact(change: FactChange) -> str:
    """Return the name of a fact with its section."""
    return f"{change.section}: {change.name.replace('_', ' ')}"
