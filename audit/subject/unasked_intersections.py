"""Pairwise intersections of protected attributes that the policy does not ask for, for warnings only."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from audit.data.protected_attributes import Attribute, intersect
from audit.errors import AuditError
from audit.result import Note
from audit.subject.subject import Subject

MAX_CELLS = 100
"""Combinations of groups of two attributes beyond which their intersection is not measured unasked."""


@dataclass(frozen=True)
class UnaskedIntersection:
    """An intersection, with the metrics that the policy limits for either of its attributes."""

    attribute: Attribute
    metrics: frozenset[str]


@dataclass(frozen=True)
class _Pair:
    """Two attributes whose intersection the policy does not name, with the metrics that it limits for either."""

    attributes: tuple[Attribute, Attribute]
    metrics: frozenset[str]

    @property
    def name(self) -> str:
        return "*".join(attribute.name for attribute in self.attributes)

    @property
    def cells(self) -> int:
        one, other = self.attributes
        return len(one.groups) * len(other.groups)


def unasked_intersections(subject: Subject, check: str) -> Iterator[UnaskedIntersection]:
    """Yield the intersections of two attributes for which the policy limits metrics of a check, by ``check.metric``."""
    for pair in _pairs(subject, check):
        if pair.cells > MAX_CELLS:
            continue
        try:
            attribute = intersect(pair.name, [_with_distinct_names(part) for part in pair.attributes])
        except AuditError:  # no row is privileged by both, or every row is: there is nothing to compare
            continue
        yield UnaskedIntersection(attribute, pair.metrics)


def unmeasured_intersections(subject: Subject, check: str) -> Iterator[Note]:
    """Yield a note on each intersection of `unasked_intersections` that has too many groups to be measured unasked."""
    for pair in _pairs(subject, check):
        if pair.cells > MAX_CELLS:
            names = [attribute.name for attribute in pair.attributes]
            yield Note(
                text=f"The intersection of {' and '.join(names)} has {pair.cells:,} combinations of groups, more than "
                f"{MAX_CELLS}: it was not measured unasked. Name it under data.intersections to measure it."
            )


def limited_metrics(subject: Subject, check: str, *attributes: str) -> frozenset[str]:
    """Return the metrics of a check, as ``check.metric``, that the policy limits for groups of these attributes."""
    return frozenset(
        rule.metric
        for rule in subject.policy.rules
        if rule.metric.startswith(f"{check}.") and any(rule.limits_group_of(name) for name in attributes)
    )


def _pairs(subject: Subject, check: str) -> Iterator[_Pair]:
    policy = subject.policy
    declared = [set(names) for names in policy.data.intersections]
    attributes = [attribute for attribute in subject.attributes if attribute.name in policy.data.protected]
    for one, other in combinations(attributes, 2):
        metrics = limited_metrics(subject, check, one.name, other.name)
        if metrics and {one.name, other.name} not in declared:
            yield _Pair((one, other), metrics)


def _with_distinct_names(attribute: Attribute) -> Attribute:
    """Return the attribute with the groups in quotes whose joined names could be taken for others'."""
    groups = [repr(name) if {"*", "'", '"'} & set(name) else name for name in attribute.groups]
    return replace(attribute, groups=groups)
