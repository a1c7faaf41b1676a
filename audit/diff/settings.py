"""Settings of two policies that differ, but for rules and waivers, with the effect of each change."""

from collections.abc import Callable, Iterator, Mapping

from audit.diff.records import Effect, PolicyChange

Judge = Callable[[object, object], Effect]

_LEFT_TO_OTHERS = frozenset(
    {"model.path", "model.baseline", "data.path", "data.background", "gate.rules", "waivers"}
)
"""Files are compared by their digests, rules and waivers one by one."""


def setting_changes(old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[PolicyChange]:
    """Yield the settings that differ between two effective policies, in their order."""
    before = dict(_flat(old))
    after = dict(_flat(new))
    for key in dict.fromkeys([*before, *after]):
        if key in _LEFT_TO_OTHERS or _is_inside(key, before, after):
            continue
        one = before.get(key)
        other = after.get(key)
        if type(one) is not type(other) or one != other:
            yield PolicyChange(key=key, old=one, new=other, effect=_effect(key, one, other))


def _flat(content: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield each setting by its dotted key; an attribute, and a check, is one as a whole as well."""
    for name, value in content.items():
        key = f"{prefix}{name}"
        if not isinstance(value, Mapping):
            yield key, value
            continue
        if prefix in ("checks.", "data.protected."):
            yield key, True
        yield from _flat(value, f"{key}.")


def _is_inside(key: str, old: Mapping[str, object], new: Mapping[str, object]) -> bool:
    """Return whether a key belongs to a check or an attribute that only one of the policies has."""
    parts = key.split(".")
    for length in range(1, len(parts)):
        parent = ".".join(parts[:length])
        if (parent in old or parent in new) and not (old.get(parent) and new.get(parent)):
            return True
    return False


def _effect(key: str, old: object, new: object) -> Effect:
    judge = _EFFECTS.get(key)
    if judge is None and key.startswith(("checks.", "data.protected.")) and bool in (type(old), type(new)):
        judge = _presence
    return judge(old, new) if judge else "neither"


def _presence(old: object, new: object) -> Effect:
    """Return the effect of a check or an attribute that came, went, or was turned on or off."""
    if bool(old) == bool(new):
        return "neither"
    return "tightened" if new else "loosened"


def _more(old: object, new: object) -> Effect:
    """Return the effect of a number of which more is stricter."""
    if not (isinstance(old, int | float) and isinstance(new, int | float)):
        return "neither"
    return "tightened" if new > old else "loosened"


def _less(old: object, new: object) -> Effect:
    """Return the effect of a number of which less is stricter."""
    return _more(new, old)


def _bound(old: object, new: object) -> Effect:
    """Return the effect of a greatest number, without which nothing is bounded."""
    return _less(float("inf") if old is None else old, float("inf") if new is None else new)


def _members(old: object, new: object) -> tuple[set[str], set[str]]:
    """Return what was added to a list and what was removed; an absent list is empty."""
    before = {str(item) for item in old} if isinstance(old, list) else set()
    after = {str(item) for item in new} if isinstance(new, list) else set()
    return after - before, before - after


def _longer(old: object, new: object) -> Effect:
    """Return the effect of a list of which more members are stricter."""
    added, removed = _members(old, new)
    if added and removed:
        return "both"
    return "tightened" if added else "loosened" if removed else "neither"


def _shorter(old: object, new: object) -> Effect:
    """Return the effect of a list of which fewer members are stricter."""
    return _longer(new, old)


def _larger(old: object, new: object) -> Effect:
    """Return the effect of a list of sizes, of which more and larger ones are stricter."""
    added, removed = (list(map(float, part)) for part in _members(old, new))
    if added and removed:
        if min(added) > max(removed):
            return "tightened"
        return "loosened" if max(added) < min(removed) else "both"
    return _longer(old, new)


def _approvers(old: object, new: object) -> Effect:
    """Return the effect of other approvers' keys, of which fewer are stricter; without a list, the count decides."""
    return _shorter(old, new) if old and new else "neither"


_EFFECTS: dict[str, Judge] = {
    "model.allow_operations": _shorter,
    "model.import": _shorter,
    "data.intersections": _longer,
    "checks.explainability.rows": _more,
    "checks.explainability.references": _more,
    "checks.explainability.budget": _more,
    "checks.explainability.error": _less,
    "checks.robustness.rows": _more,
    "checks.robustness.budget": _more,
    "checks.robustness.steps": _more,
    "checks.robustness.queries": _more,
    "checks.robustness.attacks": _longer,
    "checks.robustness.eps": _larger,
    "checks.robustness.corruptions": _longer,
    "checks.robustness.severities": _larger,
    "checks.robustness.move": _longer,
    "checks.robustness.immutable": _shorter,
    "checks.robustness.integer": _shorter,
    "checks.slices.rows": _more,
    "gate.confidence": _more,
    "gate.min_rows": _less,
    "gate.approvals.count": lambda old, new: _more(old or 0, new or 0),
    "gate.approvals.keys": _approvers,
    "gate.max_audits": _bound,
    "gate.max_waiver_days": _bound,
}
"""Of each setting that has a stricter direction, the effect of a change from one value to another."""
