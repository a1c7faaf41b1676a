"""What a rule says of a variant, cell by cell."""

from __future__ import annotations

import itertools
from typing import Any, get_args

import pytest

from audit.mutants.result import RuleVerdict, is_caught, rule_verdicts
from audit.result import CheckResult, Measurement, RuleResult, RuleStatus

STATUSES: tuple[RuleStatus, ...] = get_args(RuleStatus)


class Audit:
    """As much of a report as is judged."""

    def __init__(self, *rules: RuleResult, crashed: bool = False) -> None:
        self.rules = list(rules)
        self.checks = [CheckResult(name="performance", status="crashed" if crashed else "measured")]


def rule(
    status: RuleStatus, metric: str = "performance.auc", where: Any = None, **values: float
) -> RuleResult:
    """Return a rule; ``values`` are what it was decided on, by attack."""
    found = [
        Measurement(metric=metric, value=v, n=9, method="exact", where={"attack": a})
        for a, v in values.items()
    ]
    return RuleResult(
        id="r", metric=metric, where=where or {}, limit={}, status=status, reason="", measurements=found
    )


def cell(
    candidate: RuleResult, found: RuleResult, *, masks: bool = False, crashed: bool = False
) -> RuleVerdict:
    own: Any = Audit(candidate)
    other: Any = Audit(found, crashed=crashed)
    return rule_verdicts(own, other, masks)["r"]


EXPECTED: dict[tuple[RuleStatus, RuleStatus], RuleVerdict] = {
    ("pass", "pass"): "pass",
    ("pass", "fail"): "fail",
    ("pass", "inconclusive"): "open",
    ("pass", "waived"): "waived",
    ("inconclusive", "fail"): "fail",
    ("waived", "fail"): "fail",
}


@pytest.mark.parametrize(("candidate", "found"), list(itertools.product(STATUSES, STATUSES)))
def test_a_rule_tells_only_what_it_does_not_say_of_the_candidate(
    candidate: RuleStatus, found: RuleStatus
) -> None:
    assert cell(rule(candidate), rule(found)) == EXPECTED.get((candidate, found), "silent")


def test_a_check_that_crashes_catches_nothing() -> None:
    assert cell(rule("pass"), rule("inconclusive"), crashed=True) == "crashed"
    assert not is_caught(["crashed", "pass"])


ATTACKS = "robustness.adversarial_accuracy"


@pytest.mark.parametrize(
    ("candidate", "found", "expected"),
    [
        (rule("pass", ATTACKS, pgd=0.60), rule("pass", ATTACKS, pgd=0.64), "seen"),
        (rule("pass", ATTACKS, pgd=0.60), rule("pass", ATTACKS, pgd=0.66), "fooled"),
        (rule("fail", ATTACKS, pgd=0.10), rule("pass", ATTACKS, pgd=0.90), "fooled"),
        (rule("fail", ATTACKS, pgd=0.10), rule("waived", ATTACKS, pgd=0.90), "fooled"),
        (rule("fail", ATTACKS, pgd=0.10), rule("fail", ATTACKS, pgd=0.40), "seen"),
        (rule("pass", ATTACKS, pgd=0.60), rule("inconclusive", ATTACKS, pgd=0.90), "seen"),
        (rule("pass", ATTACKS, pgd=0.60), rule("inconclusive", ATTACKS), "seen"),
        (rule("pass", ATTACKS, pgd=0.60), rule("pass", ATTACKS, square=0.60), "fooled"),
        (
            rule("pass", "robustness.flip_rate", pgd=0.4),
            rule("pass", "robustness.flip_rate", pgd=0.1),
            "fooled",
        ),
        (
            rule("pass", "robustness.flip_rate", pgd=0.1),
            rule("pass", "robustness.flip_rate", pgd=0.4),
            "seen",
        ),
    ],
)
def test_masked_gradients_are_seen_through_or_fool_a_rule(
    candidate: RuleResult, found: RuleResult, expected: RuleVerdict
) -> None:
    assert cell(candidate, found, masks=True) == expected


def test_what_is_no_attack_sees_through_no_mask() -> None:
    """Noise and typos follow no gradient: that they find as much says nothing."""
    for attack in ("noise", "typos"):
        own = rule("pass", ATTACKS, {"attack": attack}, **{attack: 0.6})
        assert cell(own, own, masks=True) == "pass"
    assert cell(rule("pass"), rule("pass"), masks=True) == "pass"


def test_one_rule_that_is_fooled_lets_a_mask_through() -> None:
    assert is_caught(["seen", "pass"]) and not is_caught(["seen", "fooled"]) and is_caught(["fooled", "fail"])
    assert (
        is_caught(["open"]) and not is_caught(["pass", "silent", "waived", "crashed"]) and not is_caught([])
    )
