"""The sentence beside a status says what was measured, and counts it right."""

from __future__ import annotations

import pytest

from audit.reasons import ACROSS, CORRECTED, NO_INTERVAL, UNDEFINED
from audit.result import Measurement

from .builders import at_least, bare, check, decided, exact, fated, plugged

CAUSES = [ACROSS, CORRECTED, NO_INTERVAL, UNDEFINED]
ALONE = [
    (exact(0.9), "the value holds", None),
    (exact(0.1), "the value breaks the limit", None),
    (fated("open"), "decided", ACROSS),
    (bare(0.9), "decided", NO_INTERVAL),
    (bare(float("nan")), "decided", UNDEFINED),
    (exact(float("nan")), "decided", UNDEFINED),
    (exact(float("inf")), "decided", UNDEFINED),
    (plugged(float("inf"), (0.9, float("inf"))), "decided", UNDEFINED),
]


@pytest.mark.parametrize(("one", "words", "cause"), ALONE)
def test_alone(one: Measurement, words: str, cause: str | None) -> None:
    reason = decided([check(one)], [at_least()]).rules[0].reason
    assert words in reason
    assert [c for c in CAUSES if c in reason] == [c for c in CAUSES if c == cause]


SEVERAL = [
    ("holds holds holds", "all 3 measured values hold", {}),
    ("holds breaks breaks open", "2 of 4 measured values break the limit", {}),
    ("holds weak open open", "3 of 4 measured values", {ACROSS: 2, CORRECTED: 1}),
    ("nan bare inf holds", "3 of 4 measured values", {NO_INTERVAL: 1, UNDEFINED: 2}),
]


@pytest.mark.parametrize(("fates", "words", "causes"), SEVERAL)
@pytest.mark.parametrize("step", [1, -1])
def test_several(fates: str, words: str, causes: dict[str, int], step: int) -> None:
    found = [fated(f, attribute="sex", group=str(i)) for i, f in enumerate(fates.split()[::step])]
    reason = decided([check(*found)], [at_least(attribute="sex")]).rules[0].reason
    assert reason.startswith(words)
    assert {cause for cause in CAUSES if cause in reason} == set(causes)
    assert all(f"{cause} ({count})" in reason for cause, count in causes.items())


VERDICTS = [
    ([], [], "the policy has no rules"),
    (["c.a"], [], "1 rule holds"),
    (["c.a", "c.b"], [], "1 of 2 rules does not hold"),
    (["c.a", "c.c"], [], "1 of 2 rules could not be decided"),
    (["c.a"], ["other"], "the check other crashed"),
]


@pytest.mark.parametrize(("metrics", "crashed", "reason"), VERDICTS)
def test_verdict(metrics: list[str], crashed: list[str], reason: str) -> None:
    found = check(exact(0.9, "c.a"), exact(0.1, "c.b"), bare(0.9, "c.c"))
    broken = [check(name=name, status="crashed") for name in crashed]
    assert decided([found, *broken], [at_least(metric=m) for m in metrics]).reason == reason
