"""Selection of the measurements that a rule covers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from audit.policy.gate_spec import Rule
from audit.result import GROUP_KEYS, Measurement, Scalar

ANY = "*"


def covered(rule: Rule, measurements: Iterable[Measurement]) -> list[Measurement]:
    """Return the measurements that ``rule`` covers.

    Without ``where``: the whole-table measurement if the metric has one, else all of them. With it:
    those that match, and those of groups only where it names a key that speaks of groups.
    """
    candidates = [m for m in measurements if m.metric == rule.metric]
    if not rule.where:
        return [m for m in candidates if not m.where] or candidates
    return [m for m in candidates if _matches(rule.where, m)]


def _matches(where: Mapping[str, Scalar], measurement: Measurement) -> bool:
    if measurement.speaks_of_groups and GROUP_KEYS.isdisjoint(where):
        return False
    return all(
        key in measurement.where and same(key, value, measurement.where[key]) for key, value in where.items()
    )


def same(key: str, value: Scalar, measured: Scalar) -> bool:
    """Return whether a value of a rule's ``where`` matches a measurement's value under the same key."""
    return (key == "attribute" and value == ANY) or value == measured or str(value) == str(measured)
