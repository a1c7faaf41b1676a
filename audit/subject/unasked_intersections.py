"""Pairwise intersections of protected attributes that the policy does not ask for, for warnings only."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from audit.data.protected_attributes import Attribute, intersect
from audit.errors import AuditError
from audit.subject.subject import Subject

MAX_CELLS = 100
"""Combinations of groups of two attributes beyond which their intersection is not measured unasked."""


@dataclass(frozen=True)
class UnaskedIntersection:
    """An intersection, with the metrics that the policy limits for either of its attributes."""

    attribute: Attribute
    metrics: frozenset[str]


def unasked_intersections(subject: Subject, check: str) -> Iterator[UnaskedIntersection]:
    """Yield the intersections of two attributes for which the policy limits metrics of a check, by ``check.metric``."""
    policy = subject.policy
    declared = [set(names) for names in policy.data.intersections]
    attributes = [attribute for attribute in subject.attributes if attribute.name in policy.data.protected]
    for pair in combinations(attributes, 2):
        names = [attribute.name for attribute in pair]
        metrics = frozenset(
            rule.metric
            for rule in policy.rules
            if rule.metric.startswith(f"{check}.") and any(rule.limits_group_of(name) for name in names)
        )
        if not metrics or set(names) in declared or len(pair[0].groups) * len(pair[1].groups) > MAX_CELLS:
            continue
        try:
            yield UnaskedIntersection(intersect("*".join(names), pair), metrics)
        except AuditError:  # nothing to compare, or names that cannot be told apart
            continue
