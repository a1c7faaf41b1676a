"""The measurements that decide a rule: groups with enough rows, and the smaller ones pooled or left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from audit.gate.claims import Claim, claims, covered
from audit.gate.validation import require_consistent, require_value_of_counts
from audit.numbers import number
from audit.policy.gate_spec import GateSpec, Rule
from audit.result import CheckResult, Measurement, MetricFacts
from audit.result.small_groups import Family, family, is_small, small_groups, where_in_words
from audit.stats.confidence import at_confidence

_MAX_LISTED = 3


@dataclass(frozen=True)
class Coverage:
    """A rule with the measurements that it covers.

    ``decided`` are those that decide it, ``left_out`` those with fewer rows than ``gate.min_rows``. ``unpooled`` names
    groups of the latter that the report does not hold together, as it was made with another ``gate.min_rows``.
    """

    rule: Rule
    decided: list[Measurement]
    left_out: list[Measurement]
    unpooled: list[str]
    facts: MetricFacts | None

    @property
    def claims(self) -> list[Claim]:
        """The rule's claims on what decides it."""
        return [claim for measurement in self.decided for claim in claims(self.rule, measurement)]

    @property
    def small_outside(self) -> list[Measurement]:
        """The measurements left out that lie wholly outside the limit."""
        return [m for m in self.left_out if any(c.finding == "breaks" for c in claims(self.rule, m))]


def cover(checks: Sequence[CheckResult], gate: GateSpec, reported: float) -> list[Coverage]:
    """Return what each rule covers, with intervals at the gate's confidence; ``reported`` is that of the report's own.

    Raises:
        AuditError: a measurement lacks the counts that its method needs, or contradicts itself.
    """
    by_metric: dict[str, list[Measurement]] = {}
    for check in checks:
        for measurement in check.measurements if check.status == "measured" else ():
            by_metric.setdefault(measurement.metric, []).append(measurement)
    small = {metric: small_groups(measured, gate.min_rows) for metric, measured in by_metric.items()}
    facts = {metric: known for check in reversed(checks) for metric, known in check.metrics.items()}
    return [
        _coverage(
            rule,
            by_metric.get(rule.metric, []),
            small.get(rule.metric, {}),
            facts.get(rule.metric),
            gate,
            reported,
        )
        for rule in gate.rules or ()
    ]


def _coverage(
    rule: Rule,
    measured: Sequence[Measurement],
    small: Mapping[Family, list[str]],
    facts: MetricFacts | None,
    gate: GateSpec,
    reported: float,
) -> Coverage:
    """Return what a rule covers of what was ``measured`` by its metric, whose ``small`` groups are in pools."""
    current = [m for m in covered(rule, measured) if not m.members or _is_current(m, small)]
    completed = [at_confidence(require_consistent(m), gate.confidence, reported) for m in current]
    measurements = [require_value_of_counts(m) for m in completed]
    left_out = [m for m in measurements if is_small(m, gate.min_rows)]
    return Coverage(
        rule=rule,
        decided=[m for m in measurements if not is_small(m, gate.min_rows)],
        left_out=left_out,
        unpooled=sorted(_unpooled(measurements, small_groups(left_out, gate.min_rows))),
        facts=facts,
    )


def label(measurement: Measurement) -> str:
    """Return a group with its attribute in words, such as ``Other (race)`` or ``Female × <25 (sex*age)``."""
    where = where_in_words(measurement)
    attribute = str(where.get("attribute", ""))
    group = where.get("group", where.get("unprivileged"))
    if group is None:
        return attribute
    is_plain = "*" in attribute and "'" not in str(group)  # else a star may be a name's own
    return f"{str(group).replace('*', ' × ') if is_plain else group} ({attribute})"


def label_with_rows(measurement: Measurement) -> str:
    """Return a group as `label`, with the number of rows in its smallest denominator."""
    return f"{label(measurement)} with {measurement.rows:,}"


def listed(measurements: Sequence[Measurement]) -> str:
    """Return the first groups as `label`, with value and rows, and how many more there are."""
    texts = [f"{label(m)} {number(m.value)} on {m.rows:,} rows" for m in measurements[:_MAX_LISTED]]
    more = f" and {len(measurements) - _MAX_LISTED} more" if len(measurements) > _MAX_LISTED else ""
    return ", ".join(texts) + more


def _is_current(pool: Measurement, small: Mapping[Family, list[str]]) -> bool:
    """Return whether the pool holds exactly the groups that are small now: one of others decides nothing."""
    return sorted(small.get(family(pool), [])) == sorted(pool.members)


def _unpooled(measurements: Sequence[Measurement], small: Mapping[Family, list[str]]) -> Iterator[str]:
    """Yield the small groups that a rule covers without their pool."""
    pooled = {family(m) for m in measurements if m.members}
    for key, names in small.items():
        if key not in pooled:
            yield from names
