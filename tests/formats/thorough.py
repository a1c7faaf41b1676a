"""A report of 500 rules with 200 groups each: more than any policy that was seen, for the time that formats take."""

from __future__ import annotations

from dataclasses import replace

from audit.result import CheckResult, Measurement, MetricFacts, Report, RuleResult

from .html.hostile import STATUSES
from .html.samples import small

METRICS = 25
ATTRIBUTES = 20
GROUPS = 200


def thorough() -> Report:
    """25 fairness metrics of 20 attributes with 200 groups each, and a rule on each metric and attribute."""
    families = [
        _family(f"fairness.metric_{i}", f"attribute {j}") for i in range(METRICS) for j in range(ATTRIBUTES)
    ]
    about = "What it measures, in a sentence of the usual length that says how to read it."
    facts = MetricFacts(about=about, low=-1, high=1, ideal=0, better="ideal")
    check = CheckResult(
        name="fairness",
        status="measured",
        metrics={f"fairness.metric_{i}": facts for i in range(METRICS)},
        measurements=[m for family in families for m in family],
    )
    return replace(small(), checks=[check], rules=[_rule(i, family) for i, family in enumerate(families)])


def _family(metric: str, attribute: str) -> list[Measurement]:
    return [
        Measurement(
            metric=metric,
            value=0.001 * i,
            ci=(0.001 * i - 0.05, 0.001 * i + 0.05),
            n=10_000 + i,
            smallest_n=300 + i,
            method="mover-difference",
            where={
                "attribute": attribute,
                "unprivileged": f"Group number {i}",
                "privileged": "The largest group",
            },
            counts={"unprivileged": [100.0, 300.0 + i], "privileged": [3000.0, 9700.0]},
        )
        for i in range(GROUPS)
    ]


def _rule(number: int, covered: list[Measurement]) -> RuleResult:
    status = STATUSES[number % 4]
    attribute = covered[0].where["attribute"]
    terms: dict[str, object] = {
        "rule": "r",
        "reason": "known",
        "owner": "risk",
        "expires": "2027-01-31",
        "covers": [],
    }
    return RuleResult(
        id=f"{covered[0].metric}[attribute={attribute}]",
        metric=covered[0].metric,
        where={"attribute": attribute},
        limit={"within": 0.1},
        status=status,
        reason="51 of 190 measured values break the limit",
        measurements=covered[10:],
        not_decided=covered[:10],
        waiver=terms if status == "waived" else None,  # type: ignore[arg-type]
        would_be="fail" if status == "waived" else None,
    )
