"""The truth table of rules against a baseline: what the rule says of the value × what it says of the improvement."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from audit.policy.gate_spec import Rule
from audit.result import Better, Measurement

from .builders import against, bare, check, decided, exact, fated, plugged, rate

STATUSES = {"P": "pass", "F": "fail", "i": "inconclusive"}
NAN, INF = math.nan, math.inf
N = 10_000

# The candidate has 9000, 1000 or 5000 of 10,000: at least 0.5 holds, breaks or is open. The baseline has so many more
# that "no worse by 0.03" has this fate. Of either rate the standard error is 0.003 or 0.005, of the improvement at
# most 0.01, since how both err together is not known.
VALUES = {"holds": 9000, "breaks": 1000, "open": 5000}
BASELINES = {"better": -600, "equal": 0, "open": 300, "worse": 900}

# Of the value  | no baseline, its improvement: better  equal  open  worse  NaN  infinite  no interval  unknown method
RULES = {
    "not asked": "   i                        P      P     i     F     i      i          i             i",
    "holds":     "   i                        P      P     i     F     i      i          i             i",
    "open":      "   i                        i      i     i     F     i      i          i             i",
    "breaks":    "   F                        F      F     F     F     F      F          F             F",
}  # fmt: skip
COLUMNS = ["none", "better", "equal", "open", "worse", "nan", "inf", "bare", "unknown"]


def measured(value: str, beside: str) -> Measurement:
    k = VALUES.get(value, 5000)
    one = rate(k, N, attribute="sex", group="a")
    others = {
        "nan": replace(rate(k, N), value=NAN),
        "inf": replace(rate(k, N), value=-INF),
        "bare": bare(0.0),
        "unknown": plugged(0.0, (0.0, 0.0)),
    }
    if beside == "none":
        return one
    return against(one, others[beside] if beside in others else rate(k + BASELINES[beside], N))


def rule(value: str) -> Rule:
    limit: dict[str, Any] = {} if value == "not asked" else {"at_least": 0.5}
    return Rule(
        metric="c.rate", where={"attribute": "sex"}, no_worse_than_baseline_by=0.03, id="tried", **limit
    )


def limited(**limit: Any) -> Rule:
    return Rule(metric="c.rate", **limit)


def decided_on(value: str, beside: str, **options: Any) -> str:
    return decided([check(measured(value, beside))], [rule(value)], **options).rules[0].status


@pytest.mark.parametrize(("value", "beside"), list(product(RULES, COLUMNS)))
def test_every_cell(value: str, beside: str) -> None:
    letter = RULES[value].split()[COLUMNS.index(beside)]
    assert decided_on(value, beside) == STATUSES[letter]


@pytest.mark.parametrize(("value", "beside"), list(product(RULES, COLUMNS)))
def test_min_rows_leaves_out_both_claims_of_a_group(value: str, beside: str) -> None:
    assert decided_on(value, beside, min_rows=N) == decided_on(value, beside)
    assert decided_on(value, beside, min_rows=N + 1) == "inconclusive"


# What the baseline measured, of a rule that nothing but the value decides: it cannot save it or block it.
@pytest.mark.parametrize("beside", COLUMNS)
@pytest.mark.parametrize(("value", "letter"), [("holds", "P"), ("open", "i"), ("breaks", "F")])
def test_a_rule_of_the_value_alone_does_not_see_the_baseline(value: str, letter: str, beside: str) -> None:
    absolute = Rule(metric="c.rate", where={"attribute": "sex"}, at_least=0.5)
    found = decided([check(measured(value, beside))], [absolute])
    assert found.rules[0].status == STATUSES[letter]


# The candidate's fate against "at least 0.5" when it has no baseline, as rule of the improvement: nothing passes.
@pytest.mark.parametrize(
    "fate", ["holds", "breaks", "weak", "open", "exact holds", "exact breaks", "bare", "nan", "inf"]
)
@pytest.mark.parametrize("limit", ["no_worse_than_baseline_by", "better_than_baseline_by"])
def test_a_missing_baseline_decides_nothing(fate: str, limit: str) -> None:
    (one,) = decided([check(fated(fate))], [limited(**{limit: 0.0})]).rules
    assert (one.status, one.reason) == ("inconclusive", "not decided: the baseline has no such measurement")


# Exact values decide by themselves. Candidate, baseline, which is better -> no worse by 0.25, and better by 0.25.
EXACT: list[tuple[float, float, Better, float | None, str]] = [
    (0.75, 0.50, "higher", None, "P P"),
    (0.50, 0.50, "higher", None, "P F"),
    (0.25, 0.50, "higher", None, "P F"),  # just as much worse as it may be
    (0.00, 0.50, "higher", None, "F F"),
    (0.75, 0.50, "lower", None, "P F"),
    (1.00, 0.50, "lower", None, "F F"),
    (0.25, 0.50, "lower", None, "P P"),
    (0.25, -0.50, "ideal", 0.0, "P P"),  # nearer to 0 by 0.25, from the other side
    (-0.50, 0.50, "ideal", 0.0, "P F"),  # as far
    (-0.75, 0.50, "ideal", 0.0, "P F"),
    (-1.00, 0.50, "ideal", 0.0, "F F"),
    (0.25, 0.50, "ideal", None, "P P"),  # an ideal that is not given is 0
    (0.75, 0.50, "ideal", 1.0, "P P"),
    (1.50, 0.50, "ideal", 1.0, "P F"),
    (2.00, 0.50, "ideal", 1.0, "F F"),
    (NAN, 0.50, "higher", None, "i i"),
    (0.50, NAN, "higher", None, "i i"),
    (INF, 0.50, "higher", None, "i i"),
    (0.50, INF, "higher", None, "F F"),  # worse than any limit allows
    (0.50, -INF, "higher", None, "i i"),  # infinitely better is a fault of the baseline's value
    (0.50, INF, "lower", None, "i i"),
    (0.50, -INF, "lower", None, "F F"),
    (INF, 0.50, "ideal", 1.0, "F F"),
    (0.50, INF, "ideal", 1.0, "i i"),
    (INF, INF, "ideal", 1.0, "i i"),
    (NAN, NAN, "higher", None, "i i"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "other", "better", "ideal", "letters"), EXACT)
def test_exact_values_in_each_direction(
    value: float, other: float, better: Better, ideal: float | None, letters: str
) -> None:
    one = check(against(exact(value), exact(other), better, ideal))
    rules = [
        Rule(metric="c.rate", no_worse_than_baseline_by=0.25),
        Rule(metric="c.rate", better_than_baseline_by=0.25),
    ]
    # each by itself: two rules on one value share the error, which exact values do not need
    assert [decided([one], [r]).rules[0].status for r in rules] == [STATUSES[x] for x in letters.split()]
    assert [r.status for r in decided([one], rules).rules] == [STATUSES[x] for x in letters.split()]


# One of the two is exact, the other a rate of 10,000 rows: "no worse by 0.03" of 0.5 against 0.5 and others.
MIXED = [(0.5, "P"), (0.53, "i"), (0.6, "F")]


@pytest.mark.parametrize(("other", "letter"), MIXED)
def test_one_exact_value_does_not_make_the_difference_exact(other: float, letter: str) -> None:
    limit = Rule(metric="c.rate", no_worse_than_baseline_by=0.03)
    for one in (against(rate(5000, N), exact(other)), against(exact(0.5), rate(round(other * N), N))):
        assert decided([check(one)], [limit]).rules[0].status == STATUSES[letter]


@pytest.mark.parametrize("other", [bare(0.1), bare(0.9), plugged(0.1, (0.1, 0.1)), plugged(0.9, (0.9, 0.9))])
def test_an_exact_value_beside_one_without_an_interval_decides_nothing(other: Measurement) -> None:
    for one in (against(exact(0.5), other), against(other, exact(0.5))):
        for limit in ({"no_worse_than_baseline_by": 0.1}, {"better_than_baseline_by": 0.1}):
            assert decided([check(one)], [limited(**limit)]).rules[0].status == "inconclusive"


def test_a_break_against_one_exact_value_is_not_certain() -> None:
    """Of the other p is between 0.025 and 0.05: broken alone, not as one of two claims."""
    one, limit = against(exact(0.5), rate(5405, N)), {"no_worse_than_baseline_by": 0.03}
    assert decided([check(one)], [limited(**limit)]).rules[0].status == "fail"
    assert decided([check(one)], [limited(at_least=0.4, **limit)]).rules[0].status == "inconclusive"


def test_a_claim_that_breaks_before_the_correction_and_not_after_is_open() -> None:
    """Alone it breaks: p is between 0.025 and 0.05; beside a limit of the value the error is for two claims."""
    one = against(rate(5000, N), rate(5512, N))
    alone, both = Rule(metric="c.rate", no_worse_than_baseline_by=0.03), {"no_worse_than_baseline_by": 0.03}
    assert decided([check(one)], [alone]).rules[0].status == "fail"
    assert decided([check(one)], [limited(at_least=0.4, **both)]).rules[0].status == "inconclusive"
    assert decided([check(one)], [limited(at_least=0.6, **both)]).rules[0].status == "fail"


def test_of_two_limits_on_the_improvement_the_stricter_counts() -> None:
    found = [check(against(exact(0.6), exact(0.5)))]
    both = Rule(metric="c.rate", no_worse_than_baseline_by=0.5, better_than_baseline_by=0.2)
    assert decided(found, [both]).rules[0].status == "fail"
    assert decided(found, [Rule(metric="c.rate", better_than_baseline_by=0.05)]).rules[0].status == "pass"
