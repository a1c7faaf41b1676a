"""Reports with any combination of statuses, under hostile names: what every format has to show for what it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from audit.result import (
    MAX_AUDITS,
    CheckResult,
    Measurement,
    Report,
    RuleResult,
    Scalar,
    Verdict,
)

from .html.hostile import HOSTILE, STATUSES, VALUES
from .html.samples import small

names = st.one_of(
    st.sampled_from(["fairness", "robustness", "fairness.disparate_impact[attribute=sex]", MAX_AUDITS]),
    st.sampled_from(HOSTILE),
    st.text(max_size=12),
)
numbers = st.sampled_from(VALUES) | st.floats(width=32)
limits = st.fixed_dictionaries(
    {},
    optional={
        key: st.floats(-2, 2)
        for key in ("at_least", "at_most", "within", "no_worse_than_baseline_by", "better_than_baseline_by")
    },
)


def verdict_of(rules: list[RuleResult], checks: list[CheckResult]) -> Verdict:
    """Return the verdict that the interface gives to these statuses, without the gate."""
    statuses = {rule.status for rule in rules}
    if "fail" in statuses:
        return "fail"
    crashed = any(check.status == "crashed" for check in checks)
    passed = any(rule.status == "pass" and rule.id != MAX_AUDITS for rule in rules)
    return "pass" if passed and not crashed and "inconclusive" not in statuses else "inconclusive"


@st.composite
def measurements(draw: st.DrawFn, metric: str) -> Measurement:
    value = draw(numbers)
    ends = draw(st.none() | st.tuples(numbers, numbers))
    where: dict[str, Scalar] = draw(st.dictionaries(names, names, max_size=2))
    return Measurement(
        metric=metric, value=value, ci=ends, n=draw(st.integers(0, 10**6)), method="m", where=where
    )


@st.composite
def rules(draw: st.DrawFn, id: str) -> RuleResult:
    status = draw(st.sampled_from(STATUSES))
    metric = f"{draw(names)}.{draw(names)}"
    terms: dict[str, Any] = {key: draw(names) for key in ("rule", "reason", "owner", "expires")}
    waived = status == "waived"
    return RuleResult(
        id=id,
        metric=metric,
        where=draw(st.dictionaries(names, names, max_size=2)),
        limit=draw(limits),
        status=status,
        reason=draw(names),
        would_be=draw(st.sampled_from(("fail", "inconclusive"))) if waived else None,
        waiver={**terms, "covers": ["fail"]} if waived else None,
        measurements=draw(st.lists(measurements(metric), max_size=2)),
        not_decided=draw(st.lists(measurements(metric), max_size=1)),
    )


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Reports whose verdict follows from the statuses of their rules and checks."""
    decided = [draw(rules(id)) for id in draw(st.lists(names.filter(bool), max_size=4, unique=True))]
    prefixes = [rule.metric.partition(".")[0] for rule in decided]
    called = draw(st.lists(st.sampled_from([*prefixes, *HOSTILE, "fairness"]), max_size=3, unique=True))
    checks = [
        CheckResult(
            name=name,
            status=draw(st.sampled_from(("measured", "skipped", "crashed"))),
            reason=draw(st.none() | names),
        )
        for name in called
    ]
    return replace(
        small(), verdict=verdict_of(decided, checks), reason=draw(names), rules=decided, checks=checks
    )


forged_reports = st.builds(
    lambda report, verdict: replace(report, verdict=verdict),
    reports(),
    st.sampled_from(("fail", "inconclusive")),
)
"""Reports that were edited, or decided by other rules: no pass, whatever their rules say."""
