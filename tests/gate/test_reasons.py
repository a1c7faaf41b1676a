"""The sentence beside a status says what was measured, and counts it right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.gate.reasons import ACROSS, BOUND, CORRECTED, NO_INTERVAL, UNDEFINED
from audit.gate.verdict import decide
from audit.policy.gate_spec import GateSpec, Rule
from audit.result import Measurement, Note

from .builders import TODAY, at_least, bare, check, decided, exact, fated, plugged, rate, waiver

CAUSES = [ACROSS, CORRECTED, NO_INTERVAL, UNDEFINED]
ALONE = [
    (exact(0.9), "the value is within the limit", None),
    (exact(0.1), "the value is outside the limit", None),
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
    ("holds holds holds", "all 3 measured values are within the limit", {}),
    ("holds breaks breaks open", "2 of 4 measured values are outside the limit", {}),
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


def test_a_verdict_counts_what_holds_and_what_is_waived() -> None:
    found = check(exact(0.9, "c.a"), exact(0.9, "c.b"), exact(0.1, "c.c"))
    rules = [at_least(metric=m) for m in ("c.a", "c.b", "c.c")]
    assert decided([found], rules, [waiver("c.c")]).reason == "2 rules hold, 1 waived"
    assert decided([found], rules[2:], [waiver("c.c")]).reason == "every rule is waived"


def test_a_gate_without_a_list_of_rules_has_none() -> None:
    decision = decide([check(exact(0.9))], GateSpec(rules=None), [], TODAY, 0.95)
    assert (decision.verdict, decision.reason) == ("inconclusive", "the policy has no rules")


def test_what_is_proven_broken_leaves_its_error_to_what_is_open() -> None:
    """Holm's correction: beside a break that is certain, the other claim needs the rows that it would need alone."""
    one, broken, held = rate(42, 100), rate(0, 1000, "c.broken"), rate(1000, 1000, "c.held")
    rules = [at_least(metric=m.metric) for m in (one, broken, held)]
    alone, beside, more = (
        decided([check(one, broken, held)], some).rules[0].needs
        for some in (rules[:1], rules[:2], [rules[0], rules[2]])
    )
    assert alone == beside != more


def test_what_holds_needs_nothing_beside_what_is_open() -> None:
    one, other = (rate(k, 100, attribute="sex", group=name) for k, name in ((95, "a"), (55, "b")))
    (rule,) = decided([check(one, other)], [at_least(attribute="sex")]).rules
    assert (rule.status, len(rule.needs)) == ("inconclusive", 1)
    assert "of b (100 now)" in rule.needs[0]


def test_what_is_bounded_on_one_side_is_followed_by_the_note_on_it_and_nothing_else_is() -> None:
    upper = replace(rate(90, 100, attack="pgd"), method="clopper-pearson-upper")
    note = Note(text="some gradients vanish.", about={"attack": ["pgd", "worst"]}, bounds=True)
    others = [
        Note(text="pgd: 10 steps", about=note.about),
        replace(note, text="fgsm", about={"attack": ["fgsm"]}),
    ]
    reasons = [
        decided([replace(check(one), reasons=[note, *others])], [at_least(attack="pgd")]).rules[0].reason
        for one in (upper, rate(50, 100, attack="pgd"))
    ]
    assert reasons == [f"not decided: {BOUND}. some gradients vanish", f"not decided: {ACROSS}"]


def test_a_share_that_nothing_limits_above_is_followed_by_the_note_on_its_attribute() -> None:
    """The rule names all attributes, the note the one that is open."""
    moments = ("values", "row_errors", "row_skewness", "reference_errors", "reference_skewness")
    counts = {name: [0.1, 0.1] for name in moments} | {
        "rows": [100.0],
        "references": [20.0],
        "most": [1.0],
        "unseen": [1.0],
    }
    share = replace(
        rate(10, 100, attribute="age"), method="rows-and-references", value=0.1, se=0.1, counts=counts
    )
    note = Note(text="the limits of age are open above.", about={"attribute": ["age"]}, bounds=True)
    rule = Rule(metric="c.rate", at_most=0.2, where={"attribute": "*"})
    (result,) = decided([replace(check(share), reasons=[note])], [rule]).rules
    assert result.reason == f"not decided: {BOUND}. the limits of age are open above"


@pytest.mark.parametrize(("attribute", "explained"), [("sex", True), ("*", True), ("age", False)])
def test_what_was_not_measured_is_followed_by_the_note_on_it(attribute: str, explained: bool) -> None:
    note = Note(text="The model reads no sex.", about={"attribute": ["sex", "race"]})
    rule = at_least(metric="c.other", attribute=attribute)
    (result,) = decided([replace(check(rate(90, 100)), reasons=[note])], [rule]).rules
    assert result.status == "inconclusive" and result.reason.endswith(note.text) == explained
