"""Checks, metrics, groups, features, measurements and warnings that only one of two reports has."""

from collections.abc import Iterable, Iterator, Set
from typing import NamedTuple, TypeVar

from audit.diff.measurements import by_key
from audit.diff.records import Presence, Side, WarningChange
from audit.formats.text.where_labels import describe
from audit.result import GROUP_KEYS, Measurement, Report
from audit.result.small_groups import where_in_words

_MEMBERS = ("group", "unprivileged")
_POOL = "small groups together"  # whatever its members: with others it is not comparable, and no other group
Name = TypeVar("Name", str, tuple[str, str])


class _Contents(NamedTuple):
    """Names in one report, from the general to the particular."""

    checks: frozenset[str]
    metrics: frozenset[str]
    attributes: frozenset[str]
    groups: frozenset[tuple[str, str]]
    others: frozenset[tuple[str, str]]


def presence_changes(old: Report, new: Report) -> list[Presence]:
    """Return what only one report has: each measurement under the most general name that it came or went with."""
    shared = _measured(old) & _measured(new)
    before = _contents(old, shared)
    after = _contents(new, shared)
    added = _only("added", new, after, old, before)
    removed = _only("removed", old, before, new, after)
    return [*added, *removed]


def warning_changes(old: Report, new: Report) -> list[WarningChange]:
    """Return the warnings that only one report has, those that came first, each in its report's order."""
    before = dict.fromkeys(old.warnings)
    after = dict.fromkeys(new.warnings)
    return [
        *(WarningChange(text=text, side="added") for text in after if text not in before),
        *(WarningChange(text=text, side="removed") for text in before if text not in after),
    ]


def _measured(report: Report) -> set[str]:
    """Return the checks that measured: of one that did not, the facts of checks tell why."""
    return {check.name for check in report.checks if check.status == "measured"}


def _only(
    side: Side, report: Report, contents: _Contents, other: Report, others: _Contents
) -> Iterator[Presence]:
    yield from (
        Presence(kind="check", name=name, side=side) for name in _missing(contents.checks, others.checks)
    )
    yield from (
        Presence(kind="metric", name=name, side=side) for name in _missing(contents.metrics, others.metrics)
    )
    attributes = _missing(contents.attributes, others.attributes)
    yield from (Presence(kind="attribute", name=name, side=side) for name in attributes)
    yield from (
        Presence(kind="group", name=f"{attribute}: {group}", side=side)
        for attribute, group in _missing(contents.groups, others.groups)
        if attribute in others.attributes
    )
    yield from (
        Presence(kind=key, name=name, side=side) for key, name in _missing(contents.others, others.others)
    )
    known = by_key(other)
    for key, measurement in by_key(report).items():
        if key not in known and _is_covered(measurement, others):
            yield Presence(kind="measurement", name=label(measurement), side=side)


def _missing(names: Iterable[Name], others: frozenset[Name]) -> list[Name]:
    return sorted(name for name in names if name not in others)


def _is_covered(measurement: Measurement, others: _Contents) -> bool:
    """Return whether the other report has everything that a measurement is about, but not the measurement."""
    where = measurement.where
    return (
        measurement.metric in others.metrics
        and ("attribute" not in where or str(where["attribute"]) in others.attributes)
        and _groups(measurement) <= others.groups
        and _others(measurement) <= others.others
    )


def label(measurement: Measurement) -> str:
    """Return the metric of a measurement with its ``where`` in words."""
    where = describe(where_in_words(measurement))
    return f"{measurement.metric}, {where}" if where else measurement.metric


def _contents(report: Report, shared: Set[str]) -> _Contents:
    """Return the names in a report: its checks, and what those that both reports ``shared`` measured."""
    measurements = [m for m in by_key(report).values() if m.metric.partition(".")[0] in shared]
    of_data = {(group.attribute, name) for group in report.data.groups for name in group.rows}
    groups = of_data.union(*map(_groups, measurements))
    return _Contents(
        checks=frozenset(check.name for check in report.checks),
        metrics=frozenset(m.metric for m in measurements),
        attributes=frozenset(attribute for attribute, _ in groups)
        | {str(m.where["attribute"]) for m in measurements if "attribute" in m.where},
        groups=frozenset(groups),
        others=frozenset().union(*map(_others, measurements)),
    )


def _others(measurement: Measurement) -> frozenset[tuple[str, str]]:
    """Return the values of ``where`` that speak of no group, such as features, attacks and sizes."""
    return frozenset((key, str(value)) for key, value in measurement.where.items() if key not in GROUP_KEYS)


def _groups(measurement: Measurement) -> frozenset[tuple[str, str]]:
    where = measurement.where
    attribute = where.get("attribute")
    pool = _POOL if measurement.members else ""
    return frozenset(
        (str(attribute), pool or str(where[key]))
        for key in _MEMBERS
        if key in where and attribute is not None
    )
