"""A pool of small groups that differ from each other: a warning, where a rule decides on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.gate.pooled_groups import heterogeneous_pools
from audit.policy.gate_spec import Rule
from audit.result import Measurement

from .builders import rate

NAMES = [f"v{i}" for i in range(40)]
RULE = Rule(metric="c.rate", where={"attribute": "grp"}, at_least=0.2)


def pooled(events: list[int], size: int = 10) -> list[Measurement]:
    groups = [rate(k, size, attribute="grp", group=name) for k, name in zip(events, NAMES, strict=True)]
    pool = rate(sum(events), size * len(events), attribute="grp", group="(others)")
    return [rate(500, 1000, attribute="grp", group="Big"), *groups, replace(pool, members=NAMES)]


def test_groups_with_opposite_rates_are_named() -> None:
    (text,) = heterogeneous_pools(RULE, pooled([9, 1] * 20), 200)
    assert text.startswith(
        "40 small groups together (grp): the rates of the 40 groups differ by more than chance (chi-squared test, p "
        "less than 0.001)"
    )


@pytest.mark.parametrize("events", [[5] * 40, [4, 6] * 20, [0] * 40, [10] * 40])
def test_groups_that_are_alike_are_not(events: list[int]) -> None:
    assert list(heterogeneous_pools(RULE, pooled(events), 200)) == []


def test_a_pool_that_no_rule_decides_on_is_not() -> None:
    measured = pooled([9, 1] * 20)
    assert list(heterogeneous_pools(RULE, measured, 1000)) == []  # too small itself: left out, and shown
    assert list(heterogeneous_pools(RULE.model_copy(update={"metric": "c.other"}), measured, 200)) == []
    big = Rule(metric="c.rate", where={"attribute": "grp", "group": "Big"}, at_least=0.2)
    assert list(heterogeneous_pools(big, measured, 200)) == []


def test_of_a_comparison_the_small_side_is_tested() -> None:
    """The privileged side is the same for all; the rates of the others decide."""

    def compare(name: str, k: float, n: float) -> Measurement:
        return Measurement(
            metric="c.rate", value=k / n, n=1000, smallest_n=int(n), method="mover-difference",
            counts={"unprivileged": [k, n], "privileged": [250, 500]},
            where={"attribute": "grp", "unprivileged": name, "privileged": "Big"},
        )  # fmt: skip

    for events, warned in (([9, 1] * 20, True), ([5] * 40, False)):
        groups = [compare(name, k, 10) for name, k in zip(NAMES, events, strict=True)]
        pool = replace(compare("(others)", sum(events), 400), members=NAMES)
        assert bool(list(heterogeneous_pools(RULE, [*groups, pool], 200))) is warned
