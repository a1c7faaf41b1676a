"""Rules whose status changed, or that only one of two reports has."""

from audit.diff.records import RuleChange
from audit.result import Report, RuleResult


def rule_changes(old: Report, new: Report) -> list[RuleChange]:
    """Return the rules that changed status, were added or removed: the new report's order, then those removed."""
    before = {rule.id: rule for rule in old.rules}
    after = {rule.id: rule for rule in new.rules}
    pairs = [(before.get(name), after.get(name)) for name in dict.fromkeys([*after, *before])]
    return [change for pair in pairs if (change := _change(*pair))]


def _change(old: RuleResult | None, new: RuleResult | None) -> RuleChange | None:
    rule = new or old
    if rule is None or (old and new and (old.status, old.would_be) == (new.status, new.would_be)):
        return None
    return RuleChange(
        id=rule.id,
        metric=rule.metric,
        limit=rule.limit,
        old=old.status if old else None,
        new=new.status if new else None,
        reason=rule.reason,
        old_would_be=old.would_be if old else None,
        new_would_be=new.would_be if new else None,
    )
