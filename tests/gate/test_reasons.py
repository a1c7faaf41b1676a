"""The sentence beside a status says what was measured, and counts it right."""

from __future__ import annotations

import pytest

from audit.result import Measurement

from .builders import at_least, bare, check, decided, exact, fated, plugged

ACROSS = "with an interval that reaches across the limit"
CORRECTED = "beyond the limit before, but not after Holm's correction for many comparisons"
UNMEASURED = "without an interval"
NOT_FINITE = "without a finite value"

ALONE = [
    (exact(0.9), "the value holds"),
    (exact(0.1), "the value breaks the limit"),
    (fated("open"), f"the value cannot be decided: it is {ACROSS}"),
    (bare(0.9), f"the value cannot be decided: it is {UNMEASURED}"),
    (bare(float("nan")), f"the value cannot be decided: it is {NOT_FINITE}"),
    (exact(float("nan")), f"the value cannot be decided: it is {NOT_FINITE}"),
    (exact(float("inf")), f"the value cannot be decided: it is {NOT_FINITE}"),
    (plugged(float("inf"), (0.9, float("inf"))), f"the value cannot be decided: it is {NOT_FINITE}"),
]


@pytest.mark.parametrize(("one", "reason"), ALONE)
def test_alone(one: Measurement, reason: str) -> None:
    assert decided([check(one)], [at_least()]).rules[0].reason == reason


SEVERAL = [
    ("holds holds holds", "all 3 measured values hold"),
    ("holds breaks breaks open", "2 of 4 measured values break the limit"),
    ("holds weak open open", f"3 of 4 measured values cannot be decided: 1 {CORRECTED}, 2 {ACROSS}"),
    ("nan bare inf holds", f"3 of 4 measured values cannot be decided: 2 {NOT_FINITE}, 1 {UNMEASURED}"),
]


@pytest.mark.parametrize(("fates", "reason"), SEVERAL)
@pytest.mark.parametrize("step", [1, -1])
def test_several(fates: str, reason: str, step: int) -> None:
    found = [fated(f, attribute="sex", group=str(i)) for i, f in enumerate(fates.split()[::step])]
    assert decided([check(*found)], [at_least(attribute="sex")]).rules[0].reason == reason


VERDICTS = [
    ([], [], "the policy has no rules"),
    (["c.a"], [], "1 rules hold"),
    (["c.a", "c.b"], [], "1 of 2 rules do not hold"),
    (["c.a", "c.c"], [], "1 of 2 rules could not be decided"),
    (["c.a"], ["other"], "the check other crashed"),
]


@pytest.mark.parametrize(("metrics", "crashed", "reason"), VERDICTS)
def test_verdict(metrics: list[str], crashed: list[str], reason: str) -> None:
    found = check(exact(0.9, "c.a"), exact(0.1, "c.b"), bare(0.9, "c.c"))
    broken = [check(name=name, status="crashed") for name in crashed]
    assert decided([found, *broken], [at_least(metric=m) for m in metrics]).reason == reason
