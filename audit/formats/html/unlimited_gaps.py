"""Large gaps between groups that no rule of the policy limits."""

from collections.abc import Collection, Iterator

from audit.formats.rule_claim import compared_rate, statement
from audit.formats.text.metric_facts import gate_min_rows
from audit.policy.gate_spec import DEFAULT_DIFFERENCE, DEFAULT_RATIO
from audit.result import Measurement, Report

MAX_GAPS = 2
_USUAL = {
    "fairness.disparate_impact": DEFAULT_RATIO,
    "fairness.equal_opportunity_difference": (-DEFAULT_DIFFERENCE, DEFAULT_DIFFERENCE),
    "fairness.error_rate_difference": (-DEFAULT_DIFFERENCE, DEFAULT_DIFFERENCE),
}
"""The ranges that the default rules allow, and as much for errors: starting points, and no rule of this policy."""


def unlimited_gaps(report: Report) -> list[str]:
    """Return a sentence for each of the largest gaps of whole attributes whose interval is outside the usual range.

    Of each attribute it is one at most. Groups with fewer rows than the policy decides on are left out. A rule limits a
    gap in a rate if it compares the same rate of the same groups, by difference or by ratio.
    """
    limited = {compared_rate(m) for rule in report.rules for m in (*rule.measurements, *rule.not_decided)}
    gaps = sorted(_gaps(report, limited), key=lambda gap: -gap[0])
    largest: dict[object, str] = {}
    for _, m in gaps:
        largest.setdefault(m.where["attribute"], statement(m))
    return list(largest.values())[:MAX_GAPS]


def _gaps(report: Report, limited: Collection[object]) -> Iterator[tuple[float, Measurement]]:
    """Yield the measurements outside their usual range, with how many times its width they are from its middle."""
    for check in report.checks:
        for m in check.measurements:
            low, high = _USUAL.get(m.metric, (0.0, 0.0))
            if (
                low == high
                or not m.ci
                or compared_rate(m) in limited
                or m.members
                or "*" in str(m.where.get("attribute", "*"))
            ):
                continue
            if m.rows >= gate_min_rows(report) and (m.ci[1] < low or m.ci[0] > high):
                yield abs(m.value - (low + high) / 2) / (high - low), m
