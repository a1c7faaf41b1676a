"""Rules that cover one or two measurements: every pair of fates, and every check that did not measure."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from .builders import at_least, check, decided, exact, fated, rate, statuses

WORDS = {"P": "pass", "F": "fail", "i": "inconclusive"}

FATES = ["holds", "breaks", "weak", "open", "exact holds", "exact breaks", "bare", "nan", "inf"]
ALONE = "P F F i P F i i i"
# Both under one rule, so Holm's family is two. A weak break alone of two stays open; beside one that is
# broken for certain it has the whole error left, and is broken too.
PAIRS = {
    "holds": "P F i i P F i i i",
    "breaks": "F F F F F F F F F",
    "weak": "i F i i i F i i i",
    "open": "i F i i i F i i i",
    "exact holds": "P F i i P F i i i",
    "exact breaks": "F F F F F F F F F",
    "bare": "i F i i i F i i i",
    "nan": "i F i i i F i i i",
    "inf": "i F i i i F i i i",
}


@pytest.mark.parametrize(("fate", "letter"), list(zip(FATES, ALONE.split(), strict=True)))
def test_alone(fate: str, letter: str) -> None:
    assert statuses(decided([check(fated(fate))], [at_least()])) == [WORDS[letter]]


@pytest.mark.parametrize("first", PAIRS)
def test_pairs_under_one_rule(first: str) -> None:
    found = [
        check(fated(first, attribute="sex", group="a"), fated(second, attribute="sex", group="b"))
        for second in FATES
    ]
    outcome = [statuses(decided([one], [at_least(attribute="sex")]))[0] for one in found]
    assert outcome == [WORDS[letter] for letter in PAIRS[first].split()]


# One group with 1,000 rows in the metric's denominator, one with the given rows, and min_rows 200.
THIN = {"holds": "P", "breaks": "F", "weak": "F", "open": "i", "exact holds": "P", "exact breaks": "F",
        "bare": "i", "nan": "i"}  # fmt: skip


@pytest.mark.parametrize("thick", THIN)
@pytest.mark.parametrize("make", [rate, lambda k, n, **where: exact(k / n, n=n, **where)])
@pytest.mark.parametrize("k", [0, 199])
def test_thin_groups_are_left_out_of_the_rule_and_of_the_correction(thick: str, make: Any, k: int) -> None:
    small = make(k, 199, attribute="sex", group="thin")
    big = replace(fated(thick, attribute="sex", group="thick"), n=1000)
    decision = decided([check(big, small)], [at_least(attribute="sex")], min_rows=200)
    (rule,) = decision.rules
    assert rule.status == WORDS["i" if (THIN[thick], k) == ("P", 0) else THIN[thick]]
    assert (
        "'thin (sex)' has fewer rows than gate.min_rows, but its whole interval is outside the limit"
        in rule.reason
    ) == (k == 0 and rule.status != "fail")
    assert [m.where["group"] for m in rule.measurements] == ["thick"]
    assert [m.where["group"] for m in rule.not_decided] == ["thin"]


@pytest.mark.parametrize(("rows", "left_out"), [(199, True), (200, False), (201, False)])
@pytest.mark.parametrize("where", [{"group": "a"}, {"unprivileged": "a"}, {"privileged": "a"}])
def test_min_rows_counts_the_smallest_denominator_of_a_group(rows: int, left_out: bool, where: dict) -> None:
    one = replace(exact(0.9, n=5000, **where), smallest_n=rows)
    (rule,) = decided([check(one)], [at_least(**where)], min_rows=200).rules
    assert rule.status == ("inconclusive" if left_out else "pass")
    assert len(rule.not_decided) == left_out
    assert ("min_rows" in rule.reason) == left_out


def test_a_group_without_a_row_in_the_denominator_is_said_to_be_that() -> None:
    """As of a group of 593 without one favourable label, and not that its value is odd."""
    empty = replace(
        rate(5, 20, attribute="sex", group="a"), value=math.nan, counts={}, method="none", smallest_n=0
    )
    (rule,) = decided([check(empty)], [at_least(attribute="sex")]).rules
    assert rule.reason == "not decided: a denominator of the metric has no rows, so it has no value"


def test_min_rows_is_about_groups_and_not_about_the_table() -> None:
    for where in ({}, {"attack": "pgd", "eps": 0.1}, {"feature": "age"}):
        (rule,) = decided([check(exact(0.9, n=10, **where))], [at_least(**where)], min_rows=200).rules
        assert (rule.status, rule.not_decided) == ("pass", [])


def test_only_thin_groups_leave_nothing_to_decide() -> None:
    found = check(rate(0, 20, attribute="sex", group="a"), rate(20, 20, attribute="sex", group="b"))
    decision = decided([found], [at_least(attribute="sex")], min_rows=200)
    assert (decision.verdict, statuses(decision)) == ("inconclusive", ["inconclusive"])
    assert decision.rules[0].reason.startswith(
        "all 2 groups have fewer rows in the metric's denominator than gate.min_rows, which is 200: "
        "a (sex) with 20, b (sex) with 20. "
    )


@pytest.mark.parametrize(
    ("checks", "reason"),
    [
        ([], "the check c did not run"),
        ([check(exact(0.9, "d.rate"), name="d")], "the check c did not run"),
        ([check(status="skipped")], "the check c was skipped: it had to"),
        ([check(status="crashed")], "the check c crashed: it had to"),
        (
            [check(exact(0.9), status="skipped")],
            "the check c was skipped: it had to",
        ),  # numbers of such a check
        ([check(exact(0.9), status="crashed")], "the check c crashed: it had to"),  # do not count
        ([check()], "it covers no measurement: none matches its metric and 'where'"),
        ([check(exact(0.9, "c.other"))], "it covers no measurement: none matches"),
    ],
)
def test_what_was_not_measured_is_never_passed(checks: list, reason: str) -> None:
    (rule,) = decided(checks, [at_least()]).rules
    assert rule.status == "inconclusive"
    assert rule.reason.startswith(reason)
