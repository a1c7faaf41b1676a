"""Rules and waivers of two policies that differ, with the effect of each change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf

from audit.diff.records import Effect, PolicyChange
from audit.gate.claims import covered
from audit.policy.gate_spec import Rule, Waiver
from audit.result import Measurement


def limit_changes(
    old: Sequence[Rule], new: Sequence[Rule], measurements: Sequence[Measurement]
) -> Iterator[PolicyChange]:
    """Yield the changes of rules by id: what is limited, by how much, and for which measurements.

    ``measurements`` are those of both reports: a rule that covers more of them is stricter.
    """
    before = {str(rule.id): rule for rule in old}
    after = {str(rule.id): rule for rule in new}
    names = _renamed(before, after)
    for name, rule in after.items():
        former = before.get(names.get(name, name))
        if former is None:
            yield PolicyChange(key="rule", old=None, new=_as_written(rule), effect="tightened", rule=name)
        else:
            yield from _changes(former, rule, measurements)
    for name, rule in before.items():
        if name not in after and name not in names.values():
            yield PolicyChange(key="rule", old=_as_written(rule), new=None, effect="loosened", rule=name)


def _renamed(before: Mapping[str, Rule], after: Mapping[str, Rule]) -> dict[str, str]:
    """Return the old id of each rule that has another one now, but limits the same: the only one that does."""
    gone = [rule for name, rule in before.items() if name not in after]
    names = {}
    for name, rule in after.items():
        alike = [old for old in gone if (old.metric, old.where) == (rule.metric, rule.where)]
        if name not in before and len(alike) == 1:
            names[name] = str(alike[0].id)
            gone.remove(alike[0])
    return names


def _changes(old: Rule, new: Rule, measurements: Sequence[Measurement]) -> Iterator[PolicyChange]:
    name = str(new.id)
    if old.id != new.id:
        yield PolicyChange(key="id", old=old.id, new=new.id, effect="neither", rule=name)
    if old.metric != new.metric:
        yield PolicyChange(key="metric", old=old.metric, new=new.metric, effect="both", rule=name)
    if old.where != new.where:
        effect = "both" if old.metric != new.metric else _coverage(old, new, measurements)
        yield PolicyChange(key="where", old=old.where, new=new.where, effect=effect, rule=name)
    if old.limit != new.limit:
        effect = "both" if old.metric != new.metric else _strictness(old, new)
        yield PolicyChange(key="limit", old=old.limit, new=new.limit, effect=effect, rule=name)


def _as_written(rule: Rule) -> dict[str, object]:
    return {"metric": rule.metric, **({"where": rule.where} if rule.where else {}), **rule.limit}


def _strictness(old: Rule, new: Rule) -> Effect:
    """Return the effect of other limits: `within` is one on both sides."""
    return _combined([b - a for a, b in zip(_demands(old), _demands(new), strict=True) if a != b])


def _demands(rule: Rule) -> tuple[float, float, float]:
    """Return what a rule demands on each side, as numbers of which more is stricter."""
    low, high = rule.bounds
    gain = rule.least_improvement
    return low, -high, -inf if gain is None else gain


def _combined(steps: Sequence[float]) -> Effect:
    if not steps:
        return "neither"
    if all(step > 0 for step in steps):
        return "tightened"
    return "loosened" if all(step < 0 for step in steps) else "both"


def _coverage(old: Rule, new: Rule, measurements: Iterable[Measurement]) -> Effect:
    """Return the effect of another ``where``, by what either covers of the measurements."""
    measurements = list(measurements)
    before = {m.key for m in covered(old, measurements)}
    after = {m.key for m in covered(new, measurements)}
    if before == after:
        return "neither"
    return "tightened" if before < after else "loosened" if after < before else "both"


def waiver_changes(old: Sequence[Waiver], new: Sequence[Waiver]) -> Iterator[PolicyChange]:
    """Yield the changes of waivers, rule by rule: a longer one, or one that covers more, loosens the policy."""
    for rule in dict.fromkeys(waiver.rule for waiver in [*old, *new]):
        before = [waiver for waiver in old if waiver.rule == rule and waiver not in new]
        after = [waiver for waiver in new if waiver.rule == rule and waiver not in old]
        for former, waiver in zip(before, after, strict=False):
            yield from _waiver(former, waiver)
        for waiver in before[len(after) :]:
            yield PolicyChange(key="waiver", old=_plain(waiver), new=None, effect="tightened", rule=rule)
        for waiver in after[len(before) :]:
            yield PolicyChange(key="waiver", old=None, new=_plain(waiver), effect="loosened", rule=rule)


def _waiver(old: Waiver, new: Waiver) -> Iterator[PolicyChange]:
    days = (new.expires - old.expires).days
    added = set(new.covers) - set(old.covers)
    removed = set(old.covers) - set(new.covers)
    effects: dict[str, Effect] = {
        "expires": _combined([-days] if days else []),
        "covers": _combined([-1.0] * len(added) + [1.0] * len(removed)),
        "reason": "neither",
        "owner": "neither",
    }
    before = _plain(old)
    after = _plain(new)
    for key, effect in effects.items():
        if before[key] != after[key]:
            yield PolicyChange(
                key=f"waiver {key}", old=before[key], new=after[key], effect=effect, rule=new.rule
            )


def _plain(waiver: Waiver) -> dict[str, object]:
    return waiver.model_dump(mode="json", exclude={"rule"})
