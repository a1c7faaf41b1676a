"""What must hold for any measurements and rules: fail closed, monotone, independent of order."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from audit.policy.gate_spec import Rule
from audit.result import Measurement

from .builders import against, bare, check, decided, exact, plugged, rate

METRICS = ["c.a", "c.b", "c.c"]
numbers = st.one_of(st.floats(-2, 2), st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 0.5]))
metrics = st.sampled_from(METRICS)
spans = st.one_of(st.none(), st.tuples(numbers, numbers).map(lambda ends: (min(ends), max(ends))))
groups = st.sampled_from([{}, {"attribute": "sex", "group": "a"}, {"attribute": "sex", "group": "b"}])
alone = st.one_of(
    st.builds(lambda k, metric, where: rate(k, 100, metric, **where), st.integers(0, 100), metrics, groups),
    st.builds(lambda value, metric, where: exact(value, metric, **where), numbers, metrics, groups),
    st.builds(lambda value, metric, where: bare(value, metric, **where), numbers, metrics, groups),
    st.builds(lambda v, ci, metric, where: plugged(v, ci, metric, **where), numbers, spans, metrics, groups),
)
directions = st.sampled_from([("higher", None), ("lower", None), ("ideal", 0.5)])
measurements = st.one_of(
    alone, st.builds(lambda m, other, way: against(m, other, *way), alone, alone, directions)
)
limits = st.one_of(
    st.builds(lambda x: {"at_least": x}, st.floats(-1, 1)),
    st.builds(lambda x: {"at_most": x}, st.floats(-1, 1)),
    st.builds(lambda x, d: {"at_least": x, "at_most": x + d}, st.floats(-1, 1), st.floats(0, 1)),
    st.builds(lambda d: {"within": d}, st.floats(0, 1)),
    st.builds(lambda d: {"no_worse_than_baseline_by": d}, st.floats(0, 1)),
    st.builds(lambda x, d: {"at_least": x, "better_than_baseline_by": d}, st.floats(-1, 1), st.floats(0, 1)),
)
wheres = st.sampled_from([{}, {"attribute": "sex"}, {"attribute": "*", "group": "a"}])
rules = st.builds(lambda m, limit, where: Rule(metric=m, where=where, **limit), metrics, limits, wheres)
audits = st.tuples(st.lists(measurements, max_size=6), st.lists(rules, max_size=4), st.sampled_from([0, 200]))
fast = settings(max_examples=150)


def keyed(rule) -> tuple:
    """A rule's outcome under a name that does not depend on its place."""
    return rule.metric, str(rule.where), str(rule.limit), rule.status, rule.reason


@given(audits, st.randoms(use_true_random=False))
@fast
def test_order_does_not_matter(audit, random) -> None:
    found, wanted, min_rows = audit
    first = decided([check(*found)], wanted, min_rows=min_rows)
    found, wanted = random.sample(found, len(found)), random.sample(wanted, len(wanted))
    second = decided([check(*found)], wanted, min_rows=min_rows)
    assert (first.verdict, first.reason) == (second.verdict, second.reason)
    assert sorted(map(keyed, first.rules)) == sorted(map(keyed, second.rules))


def looser(rule: Rule, by: float) -> Rule:
    moved = {"at_least": -by, "at_most": by, "within": by, "no_worse_than_baseline_by": by}
    limit: dict[str, Any] = {k: v + moved.get(k, 0.0) for k, v in rule.limit.items()}
    if "better_than_baseline_by" in limit:
        limit["better_than_baseline_by"] = max(0.0, limit["better_than_baseline_by"] - by)
    return Rule(metric=rule.metric, where=rule.where, **limit)


@given(audits, st.lists(st.floats(0, 1), min_size=4, max_size=4))
@fast
def test_a_looser_policy_never_fails_what_passed(audit, steps: list[float]) -> None:
    found, wanted, min_rows = audit
    loosened = [looser(rule, by) for rule, by in zip(wanted, steps, strict=False)]
    first, second = (decided([check(*found)], some, min_rows=min_rows) for some in (wanted, loosened))
    for before, after in zip(first.rules, second.rules, strict=True):
        assert before.status != "pass" or after.status == "pass"
        assert before.status != "inconclusive" or after.status != "fail"
    assert first.verdict != "pass" or second.verdict == "pass"


@given(audits)
@fast
def test_what_passes_is_measured_finite_and_inside(audit) -> None:
    found, wanted, min_rows = audit
    for rule in decided([check(*found)], wanted, min_rows=min_rows).rules:
        limit = Rule.model_validate({"metric": rule.metric, **rule.limit})
        inside = [
            _inside(m, limit) and (limit.least_improvement is None or _better(m, limit))
            for m in rule.measurements
        ]
        if rule.not_decided:  # small groups may cost the pass
            assert rule.status != "pass" or (inside and all(inside))
        else:
            assert (rule.status == "pass") == (bool(inside) and all(inside))


def _inside(m: Measurement, limit: Rule) -> bool:
    low, high = limit.bounds
    return not limit.is_absolute or (
        math.isfinite(m.value)
        and (m.method == "exact" or m.ci is not None)
        and all(low <= end <= high for end in (m.value, *(m.ci or ())))
    )


def _better(m: Measurement, limit: Rule) -> bool:
    least, beside = limit.least_improvement, m.baseline
    return (
        least is not None
        and beside is not None
        and math.isfinite(beside.improvement)
        and beside.improvement_ci is not None
        and all(end >= least for end in (beside.improvement, *beside.improvement_ci))
    )


@given(audits, measurements.filter(lambda m: not math.isfinite(m.value)))
@fast
def test_one_more_that_is_not_finite_never_turns_to_pass(audit, odd: Measurement) -> None:
    found, wanted, _ = audit
    wanted = [Rule(metric=odd.metric, where=odd.where, at_least=-1000), *wanted]
    assert decided([check(*found, odd)], wanted).verdict != "pass"


@given(st.integers(0, 100), st.floats(0, 1))
@fast
def test_more_confidence_decides_less(k: int, limit: float) -> None:
    one, rule = check(rate(k, 100)), Rule(metric="c.rate", at_least=limit)
    outcomes = [decided([one], [rule], confidence=c).rules[0].status for c in (0.5, 0.9, 0.95, 0.999)]
    for before, after in pairwise(outcomes):
        assert after in (before, "inconclusive")


@given(audits)
@fast
def test_deciding_changes_nothing_that_it_was_given(audit) -> None:
    found, wanted, min_rows = audit
    copies = [replace(m, where=dict(m.where), counts=dict(m.counts)) for m in found]
    decided([check(*found)], wanted, min_rows=min_rows)
    assert repr(copies) == repr(found)
