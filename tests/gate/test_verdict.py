"""From several rules to the verdict, in all combinations, and whom a waiver is for; `test_truth_table` has the rest."""

from __future__ import annotations

from datetime import date

import pytest

from audit.result import CheckResult, Decision

from .builders import at_least, check, decided, exact, statuses, waiver

VALUES = {"pass": 0.9, "fail": 0.1, "waived": 0.2, "inconclusive": float("nan")}

# Which kinds of rules there are, and the verdict: without, and with another enabled check that crashed.
VERDICTS = {
    "": ("inconclusive", "inconclusive"),  # no rules at all
    "pass": ("pass", "inconclusive"),
    "fail": ("fail", "fail"),
    "inconclusive": ("inconclusive", "inconclusive"),
    "waived": ("inconclusive", "inconclusive"),  # at least one has to pass
    "pass fail": ("fail", "fail"),
    "pass inconclusive": ("inconclusive", "inconclusive"),
    "pass waived": ("pass", "inconclusive"),
    "fail inconclusive": ("fail", "fail"),
    "fail waived": ("fail", "fail"),
    "inconclusive waived": ("inconclusive", "inconclusive"),
    "pass fail inconclusive": ("fail", "fail"),
    "pass fail waived": ("fail", "fail"),
    "pass inconclusive waived": ("inconclusive", "inconclusive"),
    "fail inconclusive waived": ("fail", "fail"),
    "pass fail inconclusive waived": ("fail", "fail"),
}


def of_kinds(kinds: list[str], others: list[CheckResult], copies: int) -> Decision:
    names = [f"c.{kind}{copy}" for copy in range(copies) for kind in kinds]
    found = check(*(exact(VALUES[name[2:-1]], name) for name in names))
    rules = [at_least(metric=name) for name in names]
    return decided([found, *others], rules, [waiver(name) for name in names if "waived" in name])


@pytest.mark.parametrize("copies", [1, 2])
@pytest.mark.parametrize(("kinds", "verdicts"), VERDICTS.items())
def test_verdict(kinds: str, verdicts: tuple[str, str], copies: int) -> None:
    plain = of_kinds(kinds.split(), [], copies)
    assert statuses(plain) == kinds.split() * copies
    assert plain.verdict == verdicts[0]
    assert of_kinds(kinds.split(), [check(name="other", status="crashed")], copies).verdict == verdicts[1]
    assert of_kinds(kinds.split(), [check(name="other", status="skipped")], copies).verdict == verdicts[0]


ACTIVE, EXPIRED = "2030-01-01", "2026-01-01"


def test_a_waiver_says_who_answers_for_it() -> None:
    decision = decided([check(exact(0.1))], [at_least()], [waiver("c.rate", ACTIVE)])
    assert decision.rules[0].waiver == {
        "rule": "c.rate", "reason": "known", "owner": "risk", "expires": ACTIVE, "covers": ["fail"],
    }  # fmt: skip
    assert "outside the limit" in decision.rules[0].reason


def test_an_expired_waiver_does_not_hide_one_that_counts() -> None:
    both = [waiver("c.rate", EXPIRED), waiver("c.rate", ACTIVE)]
    for waivers in (both, both[::-1]):
        assert statuses(decided([check(exact(0.1))], [at_least()], waivers)) == ["waived"]


def test_a_waiver_is_for_the_rule_of_its_id_only() -> None:
    rules = [at_least(), at_least(0.6)]
    assert statuses(decided([check(exact(0.1))], rules, [waiver("c.rate#2")])) == ["fail", "waived"]
    assert statuses(decided([check(exact(0.1))], rules, [waiver("c.rat")])) == ["fail", "fail"]


def test_the_date_given_is_the_one_that_counts() -> None:
    rule, given = [at_least()], [waiver("c.rate", "2026-06-16")]
    for day, status in ((14, "waived"), (15, "waived"), (16, "fail"), (17, "fail")):
        assert statuses(decided([check(exact(0.1))], rule, given, on=date(2026, 6, day))) == [status]


def test_skipped_absent_and_crashed_can_be_waived_but_a_crash_still_shows() -> None:
    waived = [waiver("c.rate", covers=["fail", "inconclusive"])]
    rules, other = [at_least(), at_least(metric="d.rate")], check(exact(0.9, "d.rate"), name="d")
    results = {
        "skipped": ([check(status="skipped")], "pass"),
        "absent": ([], "pass"),
        "crashed": ([check(status="crashed")], "inconclusive"),
    }
    for found, verdict in results.values():
        decision = decided([*found, other], rules, waived)
        assert (decision.verdict, statuses(decision)) == (verdict, ["waived", "pass"])
