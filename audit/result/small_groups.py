"""Groups with fewer rows than ``gate.min_rows``, which are measured together as `OTHERS`."""

from collections.abc import Iterable, Sequence

from audit.result.measurement import Measurement, Scalar

OTHERS = "(others)"
"""Name of the pool of an attribute's small groups, different for each metric."""

_NAME_KEYS = ("group", "unprivileged")
_OF_GROUPS = {*_NAME_KEYS, "privileged"}

Family = tuple[str, frozenset[tuple[str, Scalar]]]
"""Metric and what its measurements by group have in common in ``where``: all but the group's name."""


def group_name(measurement: Measurement) -> str | None:
    """Return the group that is measured, or compared with privileged ones; None for other measurements."""
    return next((str(measurement.where[key]) for key in _NAME_KEYS if key in measurement.where), None)


def family(measurement: Measurement) -> Family:
    """Return what the measurement has in common with those of the attribute's other groups."""
    common = [(key, value) for key, value in measurement.where.items() if key not in _NAME_KEYS]
    return measurement.metric, frozenset(common)


def pool_in_words(members: Sequence[str], max_names: int = 5) -> str:
    """Return what a reader calls a pool: the names of its groups, or their number if they are more than that."""
    if len(members) > max_names:
        return f"{len(members):,} small groups together"
    *first, last = members
    return f"{', '.join(first)} and {last} together" if first else last


def where_in_words(measurement: Measurement) -> dict[str, Scalar]:
    """Return ``where`` for a reader: a pool of small groups by the names of its groups (see `pool_in_words`)."""
    where = measurement.where
    if not measurement.members:
        return where
    name = pool_in_words(measurement.members)
    return {key: name if key in _NAME_KEYS else value for key, value in where.items()}


def is_small(measurement: Measurement, min_rows: int) -> bool:
    """Return whether it is of a group or a comparison of groups with fewer rows in the smallest denominator.

    What is measured of an attribute as a whole, such as `protected_share` on the explained rows, is of no group.
    """
    return not _OF_GROUPS.isdisjoint(measurement.where) and measurement.rows < min_rows


def small_groups(measured: Iterable[Measurement], min_rows: int) -> dict[Family, list[str]]:
    """Return the names of the small groups of each family that has several; one alone needs no pool."""
    names: dict[Family, list[str]] = {}
    for m in measured:
        if is_small(m, min_rows) and not m.members and (name := group_name(m)) is not None:
            names.setdefault(family(m), []).append(name)
    return {key: groups for key, groups in names.items() if len(groups) > 1}


def pools(measured: Iterable[Measurement], min_rows: int) -> dict[tuple[str, ...], set[str]]:
    """Return the groups to be measured together, with the metrics that they are small for.

    ``measured`` are measurements of one attribute that differ in metric and group only.
    """
    metrics: dict[tuple[str, ...], set[str]] = {}
    for (metric, _), groups in small_groups(measured, min_rows).items():
        metrics.setdefault(tuple(groups), set()).add(metric)
    return metrics


def pool_name(groups: Iterable[str]) -> str:
    """Return the name of a pool, which no group of the attribute has."""
    name = OTHERS
    while name in groups:
        name += "+"
    return name
