"""Failing is corrected over all that the policy covers, by Holm; passing is not.

The oracle is the closed testing procedure over Bonferroni tests, of which Holm's is the shortcut: a
measurement is broken if every set of hypotheses with it is rejected. Its p-values come from scipy's
binomial distribution and not from the intervals that the gate uses.
"""

from __future__ import annotations

from itertools import chain, combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from audit.policy.gate_spec import Rule

from .builders import at_least, check, decided, exact, plugged, rate, statuses

ALPHA = 0.05


def p_below(k: int, n: int, limit: float) -> float:
    """Twice the binomial tail: the p-value that the two-sided exact interval inverts."""
    return 1.0 if k / n >= limit else min(1.0, 2 * float(stats.binom.cdf(k, n, limit)))


def broken(p: list[float], alpha: float = ALPHA) -> list[bool]:
    everyone = range(len(p))
    subsets = list(chain.from_iterable(combinations(everyone, size) for size in range(1, len(p) + 1)))
    rejected = {subset: min(p[i] for i in subset) <= alpha / len(subset) for subset in subsets}
    return [all(rejected[subset] for subset in subsets if i in subset) for i in everyone]


def test_the_oracle_on_the_textbook_example() -> None:
    """p-values 0.01, 0.04, 0.03, 0.005: only 0.005 and 0.01 are rejected at 0.05."""
    assert broken([0.01, 0.04, 0.03, 0.005]) == [True, False, False, True]


@given(
    st.lists(
        st.tuples(st.integers(30, 64), st.sampled_from([75, 100]), st.sampled_from([0.5, 0.55])),
        min_size=1,
        max_size=7,
    )
)
@settings(max_examples=150)
def test_each_of_several_rules_fails_as_closed_testing_says(cases: list[tuple[int, int, float]]) -> None:
    found = [rate(k, n, f"c.m{i}") for i, (k, n, _) in enumerate(cases)]
    rules = [at_least(limit, f"c.m{i}") for i, (_, _, limit) in enumerate(cases)]
    p = [p_below(*case) for case in cases]
    outcome = statuses(decided([check(*found)], rules))
    assert [status == "fail" for status in outcome] == broken(p)
    assert [status == "pass" for status in outcome] == [above(*case) for case in cases]


# Each a rule of its own, "at least 0.5" of 100. p of 39: 0.0352, of 38: 0.0210, of 37: 0.0120, of 36: 0.0066.
STEPS = [
    ([36, 37, 38, 39], "F F F F"),  # 0.0066 <= 0.0125, 0.0120 <= 0.0167, 0.0210 <= 0.025, 0.0352 <= 0.05
    ([39, 10], "F F"),  # plain Bonferroni would leave 39 undecided
    ([39, 39], "i i"),
    ([39, 38], "F F"),
    ([37, 37, 37, 37], "F F F F"),
    ([38, 38, 38], "i i i"),
    ([39, 10, 50], "i F i"),  # what holds or is open keeps its share of the error
    ([39, 10, 90], "i F P"),
    ([37, 38, 50, 90], "F i i P"),
]


@pytest.mark.parametrize(("successes", "expected"), STEPS)
def test_step_by_step(successes: list[int], expected: str) -> None:
    found = [rate(k, 100, f"c.m{i}") for i, k in enumerate(successes)]
    outcome = statuses(decided([check(*found)], [at_least(metric=m.metric) for m in found]))
    assert outcome == [{"P": "pass", "F": "fail", "i": "inconclusive"}[letter] for letter in expected.split()]


# The same above a limit, at one end of two: 61 of 100 is as far above 0.5 as 39 is below.
ABOVE = [{"at_most": 0.5}, {"at_least": 0.1, "at_most": 0.5}]


@pytest.mark.parametrize("limit", ABOVE)
@pytest.mark.parametrize(("k", "alone", "one_of_two"), [(61, "F", "i"), (62, "F", "F"), (60, "i", "i")])
def test_an_upper_limit_is_corrected_as_a_lower_one(limit: dict, k: int, alone: str, one_of_two: str) -> None:
    found, words = check(rate(k, 100), exact(0.9, "c.other")), {"F": "fail", "i": "inconclusive"}
    rules = [Rule(metric="c.rate", **limit), at_least(metric="c.other")]
    assert statuses(decided([found], rules[:1])) == [words[alone]]
    assert statuses(decided([found], rules)) == [words[one_of_two], "pass"]


def above(k: int, n: int, limit: float) -> bool:
    """The exact interval lies at or above the limit: the other tail is at most half the error."""
    return k / n >= limit and float(stats.binom.sf(k - 1, n, limit)) <= ALPHA / 2


@given(st.lists(st.integers(25, 50), min_size=2, max_size=6))
@settings(max_examples=50)
def test_one_rule_fails_if_any_of_its_groups_is_broken(successes: list[int]) -> None:
    found = [rate(k, 100, attribute="sex", group=str(i)) for i, k in enumerate(successes)]
    outcome = statuses(decided([check(*found)], [at_least(attribute="sex")]))
    any_broken = any(broken([p_below(k, 100, 0.5) for k in successes]))
    assert outcome == ["fail" if any_broken else "inconclusive"]


def test_breaking_before_and_not_after_is_undecided_and_says_so() -> None:
    """39 of 100 (p = 0.035) fails alone; with 19 more measurements in the policy, of any rule, it does not."""
    weak, others = rate(39, 100), [exact(0.9, f"c.m{i}") for i in range(19)]
    assert statuses(decided([check(weak)], [at_least()])) == ["fail"]
    rules = [at_least(), *(at_least(metric=m.metric) for m in others)]
    first, *rest = decided([check(weak, *others)], rules).rules
    assert (first.status, {rule.status for rule in rest}) == ("inconclusive", {"pass"})
    assert "outside the limit, but not after Holm's correction" in first.reason


def test_measurements_that_no_rule_covers_are_not_in_the_family() -> None:
    others = [rate(50, 100, f"c.m{i}") for i in range(30)]
    assert statuses(decided([check(rate(39, 100), *others)], [at_least()])) == ["fail"]


def test_passing_is_not_corrected() -> None:
    """61 of 100 is just above 0.5 at 95 %: it passes alone, and as one of fifty."""
    found = [rate(61, 100, f"c.m{i}") for i in range(50)]
    assert above(61, 100, 0.5)
    assert not above(60, 100, 0.5)
    assert decided([check(*found)], [at_least(metric=m.metric) for m in found]).verdict == "pass"


def test_exact_values_break_for_certain() -> None:
    found = [exact(0.1, "c.m0"), *(rate(50, 100, f"c.m{i}") for i in range(1, 40))]
    outcome = statuses(decided([check(*found)], [at_least(metric=m.metric) for m in found]))
    assert outcome == ["fail"] + ["inconclusive"] * 39


@pytest.mark.parametrize(("others", "status"), [(0, "fail"), (1, "inconclusive")])
def test_an_unknown_method_breaks_just_at_the_run_confidence(others: int, status: str) -> None:
    """Its interval is known at one level only, so its error is taken to be all of that level's."""
    found = [plugged(0.1, (0.05, 0.2)), *(exact(0.9, f"c.m{i}") for i in range(others))]
    assert statuses(decided([check(*found)], [at_least(metric=m.metric) for m in found]))[0] == status


@pytest.mark.parametrize(("confidence", "status"), [(0.90, "fail"), (0.96, "fail"), (0.97, "inconclusive")])
def test_the_level_is_the_policy_confidence(confidence: float, status: str) -> None:
    """p = 0.0352: an interval of 96 % excludes the limit, one of 97 % does not."""
    (rule,) = decided([check(rate(39, 100))], [at_least()], confidence=confidence).rules
    assert rule.status == status
    (one,) = rule.measurements
    reference = stats.binomtest(39, 100).proportion_ci(confidence, method="exact")
    assert one.ci == pytest.approx((reference.low, reference.high), rel=1e-9)


def test_an_unknown_method_has_no_interval_at_another_confidence() -> None:
    found = check(plugged(0.9, (0.8, 0.95)))
    assert statuses(decided([found], [at_least()], reported=0.95)) == ["pass"]
    (rule,) = decided([found], [at_least()], confidence=0.99, reported=0.95).rules
    assert (rule.status, rule.measurements[0].ci) == ("inconclusive", None)
    assert "there is no interval" in rule.reason


def test_the_interval_that_stands_in_a_report_is_not_believed() -> None:
    """It is computed again from the counts: an edited one neither saves nor blocks a rule."""
    from dataclasses import replace

    for honest, edited in ((rate(100, 1000), (0.8, 0.9)), (rate(900, 1000), (0.1, 0.2))):
        as_found = statuses(decided([check(honest)], [at_least()]))
        assert statuses(decided([check(replace(honest, ci=edited))], [at_least()])) == as_found
