"""Groups below ``min_rows``: decided together, and never passed over where one lies wholly outside the limit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.result import Measurement

from .builders import at_least, check, decided, rate, waiver

RULE = at_least(attribute="race")


def group(name: str, k: int, n: int) -> Measurement:
    return rate(k, n, attribute="race", group=name)


def pool(k: int, n: int, *members: str) -> Measurement:
    return replace(group("(others)", k, n), members=list(members))


BIG = group("White", 900, 1000)
TWELVE = [group(f"b{i}", 30, 50) for i in range(12)]  # 0.6 each: [0.45, 0.74] reaches across 0.5
NAMES = [f"b{i}" for i in range(12)]


def test_a_pool_with_enough_rows_is_decided_like_any_group() -> None:
    for k, status in ((540, "pass"), (60, "fail"), (305, "inconclusive")):
        (rule,) = decided([check(BIG, *TWELVE, pool(k, 600, *NAMES))], [RULE], min_rows=200).rules
        assert rule.status == status
        assert [m.where["group"] for m in rule.measurements] == ["White", "(others)"]
        assert [m.where["group"] for m in rule.not_decided] == NAMES


def test_a_pool_below_min_rows_is_left_out_too() -> None:
    found = check(BIG, *TWELVE[:2], pool(60, 100, "b0", "b1"))
    (rule,) = decided([found], [RULE], min_rows=200).rules
    assert (rule.status, len(rule.not_decided)) == ("pass", 3)


@pytest.mark.parametrize("outside", [group("Other", 5, 50), group("(missing)", 20, 190)])
def test_a_small_group_wholly_outside_keeps_the_rule_from_passing(outside: Measurement) -> None:
    (rule,) = decided([check(BIG, outside)], [RULE], min_rows=200).rules
    assert rule.status == "inconclusive"
    assert (
        f"'{outside.where['group']} (race)' has fewer rows than gate.min_rows, but its whole interval is outside"
        in rule.reason
    )
    accepted = decided([check(BIG, outside)], [RULE], [waiver(str(rule.id), covers=["inconclusive"])], 200)
    assert accepted.rules[0].status == "waived"
    broken = group("White", 100, 1000)
    assert decided([check(broken, outside)], [RULE], min_rows=200).verdict == "fail"


def test_a_pool_wholly_outside_keeps_the_rule_from_passing() -> None:
    """Each of both reaches across the limit; together they do not."""
    found = check(BIG, group("a", 15, 40), group("b", 15, 40), pool(30, 80, "a", "b"))
    (rule,) = decided([found], [RULE], min_rows=200).rules
    assert rule.status == "inconclusive" and "'a and b together (race)' has fewer rows" in rule.reason


def test_another_min_rows_than_that_of_the_run_asks_for_another_run() -> None:
    sizes = {"White": 1000, "a": 150, "b": 120, "c": 60}
    groups = [group(name, int(0.9 * n), n) for name, n in sizes.items()]
    found = check(*groups, pool(297, 330, "a", "b", "c"))
    expected = {0: "pass", 60: "pass", 61: "pass", 121: "inconclusive", 151: "pass", 200: "pass"}
    for min_rows, status in expected.items():  # 61: c alone is left out; 121: b and c were not pooled alone
        (rule,) = decided([found], [RULE], min_rows=min_rows).rules
        assert rule.status == status, min_rows
        assert ("run the audit again" in rule.reason) == (status == "inconclusive")
        pooled = [m for m in rule.measurements if m.members]
        assert len(pooled) == (min_rows in (151, 200))


def test_a_rule_on_one_small_group_needs_no_pool() -> None:
    rule = at_least(attribute="race", group="a")
    (result,) = decided([check(BIG, group("a", 45, 50), group("b", 45, 50))], [rule], min_rows=200).rules
    assert result.reason == (
        "1 group has fewer rows in the metric's denominator than gate.min_rows, which is 200: a (race) with 50"
    )


def test_pools_of_attributes_and_sizes_of_an_attack_are_apart() -> None:
    def attacked(name: str, eps: float, n: int = 50, **members: list[str]) -> Measurement:
        return replace(rate(n - 1, n, attribute="race", group=name, attack="pgd", eps=eps), **members)  # type: ignore[arg-type]  # lists

    rule = at_least(attribute="race", attack="pgd", eps=0.1)
    small = [attacked(name, eps) for name in "ab" for eps in (0.1, 0.2)]
    other = attacked("(others)", 0.2, 300, members=["a", "b"])
    (missing,) = decided([check(attacked("c", 0.1, 500), *small, other)], [rule], min_rows=200).rules
    assert "run the audit again" in missing.reason
    right = attacked("(others)", 0.1, 300, members=["a", "b"])
    assert decided([check(attacked("c", 0.1, 500), *small, right)], [rule], min_rows=200).verdict == "pass"


def test_what_is_measured_of_a_whole_attribute_is_no_small_group() -> None:
    """As the share of an attribute in the attribution of 75 explained rows: its interval decides."""
    for k, status in ((70, "pass"), (5, "fail"), (40, "inconclusive")):
        (rule,) = decided([check(rate(k, 75, attribute="race"))], [RULE], min_rows=200).rules
        assert (rule.status, rule.not_decided) == (status, [])
