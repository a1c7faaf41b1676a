"""Protected attributes and groups that no rule of the policy compares."""

from collections.abc import Iterator, Sequence

from audit.errors import quote_list, yaml_name
from audit.gate.claims import covered
from audit.policy.gate_spec import Rule
from audit.result import Measurement

_MAX_LISTED = 6


def uncovered_groups(
    rules: Sequence[Rule],
    protected: Sequence[str],
    intersections: Sequence[str],
    measured: Sequence[Measurement],
) -> Iterator[str]:
    """Yield a sentence for each attribute with a group that no rule compares with the privileged ones.

    Args:
        rules: the policy's rules.
        protected: the protected attributes.
        intersections: the names of the intersections that the policy names.
        measured: what was measured.
    """
    keys = dict.fromkeys(protected, "data.protected") | dict.fromkeys(intersections, "data.intersections")
    for attribute, key in keys.items():
        comparisons = [
            m for m in measured if m.where.get("attribute") == attribute and "unprivileged" in m.where
        ]
        compared = {group for rule in rules for m in covered(rule, comparisons) for group in _groups(m)}
        present = list(dict.fromkeys(group for m in comparisons for group in _groups(m)))
        missing = [group for group in present if group not in compared]
        if not compared and (comparisons or not any(_names(rule, attribute) for rule in rules)):
            yield (
                f"{key} names {attribute!r}, but no rule limits a fairness metric of it: add one with "
                f"where: {{attribute: {yaml_name(attribute)}}}"
            )
        elif compared and missing:
            more = f" and {len(missing) - _MAX_LISTED} more" if len(missing) > _MAX_LISTED else ""
            listed = quote_list(missing[:_MAX_LISTED])
            yield (
                f"{attribute}: no rule compares {listed}{more} with the privileged groups: add one that does, or "
                "leave 'unprivileged' out of 'where'"
            )


def _groups(measurement: Measurement) -> list[str]:
    return measurement.members or [str(measurement.where["unprivileged"])]


def _names(rule: Rule, attribute: str) -> bool:
    """Return whether it is a fairness rule on an attribute, whether that was measured or not."""
    return rule.metric.startswith("fairness.") and rule.where.get("attribute", "*") in ("*", attribute)
