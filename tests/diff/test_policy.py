"""Changes of a policy, each with its effect on what a model may be like and still pass."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from audit.diff.comparison import compare
from audit.diff.records import PolicyChange

from .builders import content, impact, report, share

Edit = Callable[[dict[str, Any]], object]
MEASURED = [
    share("performance.accuracy", 4250),
    share("performance.accuracy", 850, 1000, attribute="sex", group="F"),
    share("performance.accuracy", 3400, 4000, attribute="sex", group="M"),
    impact(1000, 2000, 1500, 3000),
    impact(10, 20, 1500, 3000, "X"),
]
WAIVER = {"rule": "performance.accuracy", "reason": "known", "owner": "Ana", "expires": "2026-09-01"}


def base() -> dict[str, Any]:
    policy = copy.deepcopy(content(waivers=[dict(WAIVER)]))
    policy["gate"] |= {"confidence": 0.95, "min_rows": 10, "max_audits": 5, "max_waiver_days": 100}
    policy["gate"]["approvals"] = approvals(1, "a", "b")
    policy["checks"] = {"robustness": {"eps": [0.1, 0.2], "attacks": ["noise", "pgd"], "immutable": ["age"]}}
    return policy


def changes(edit: Edit, before: Edit = lambda policy: None) -> list[PolicyChange]:
    old = base()
    before(old)
    new = copy.deepcopy(old)
    edit(new)
    return compare(report(MEASURED, old), report(MEASURED, new)).policy


def rule(policy: dict[str, Any], **limits: object) -> None:
    """Replace the limits of the first rule."""
    metric = policy["gate"]["rules"][0]["metric"]
    policy["gate"]["rules"][0] = {"metric": metric, **limits}


def gate(**values: object) -> Edit:
    return lambda policy: policy["gate"].update(values)


def approvals(count: int, *digits: str) -> dict[str, object]:
    return {"count": count, "keys": [f"ed25519:{digit * 64}" for digit in digits]}


def option(check: str, **values: object) -> Edit:
    return lambda policy: policy["checks"].setdefault(check, {}).update(values)


def waiver(**values: object) -> Edit:
    return lambda policy: policy["waivers"][0].update(values)


EFFECTS: dict[str, tuple[Edit, str, str]] = {
    "a higher floor": (lambda p: rule(p, at_least=0.81), "limit", "tightened"),
    "a lower floor": (lambda p: rule(p, at_least=0.79), "limit", "loosened"),
    "a ceiling as well": (lambda p: rule(p, at_least=0.8, at_most=0.9), "limit", "tightened"),
    "a lower floor, a ceiling": (lambda p: rule(p, at_least=0.7, at_most=0.9), "limit", "both"),
    "only against a baseline": (lambda p: rule(p, no_worse_than_baseline_by=0.01), "limit", "both"),
    "and against a baseline": (lambda p: rule(p, at_least=0.8, better_than_baseline_by=0), "limit", "tightened"),
    "no rule": (lambda p: p["gate"]["rules"].pop(1), "rule", "loosened"),
    "one more rule": (
        lambda p: p["gate"]["rules"].append({"metric": "performance.auc", "at_least": 0.6}), "rule", "tightened"
    ),
    "more confidence": (gate(confidence=0.99), "gate.confidence", "tightened"),
    "less confidence": (gate(confidence=0.9), "gate.confidence", "loosened"),
    "larger groups only": (gate(min_rows=200), "gate.min_rows", "loosened"),
    "every group": (gate(min_rows=0), "gate.min_rows", "tightened"),
    "more audits": (gate(max_audits=6), "gate.max_audits", "loosened"),
    "any audits": (lambda p: p["gate"].pop("max_audits"), "gate.max_audits", "loosened"),
    "shorter waivers": (gate(max_waiver_days=90), "gate.max_waiver_days", "tightened"),
    "waivers of any length": (lambda p: p["gate"].pop("max_waiver_days"), "gate.max_waiver_days", "loosened"),
    "another approval": (gate(approvals=approvals(2, "a", "b")), "gate.approvals.count", "tightened"),
    "an approver more": (gate(approvals=approvals(1, "a", "b", "c")), "gate.approvals.keys", "loosened"),
    "no waiver": (lambda p: p["waivers"].clear(), "waiver", "tightened"),
    "one more waiver": (
        lambda p: p["waivers"].append({**WAIVER, "rule": "fairness.disparate_impact[attribute=sex]"}),
        "waiver",
        "loosened",
    ),
    "a longer waiver": (waiver(expires="2026-09-02"), "waiver expires", "loosened"),
    "an earlier end": (waiver(expires="2026-08-01"), "waiver expires", "tightened"),
    "a wider waiver": (waiver(covers=["fail", "inconclusive"]), "waiver covers", "loosened"),
    "another waiver": (waiver(covers=["inconclusive"]), "waiver covers", "both"),
    "another reason": (waiver(reason="other"), "waiver reason", "neither"),
    "another owner": (waiver(owner="Bo"), "waiver owner", "neither"),
    "a check less": (lambda p: p["checks"].update(explainability=False), "checks.explainability", "loosened"),
    "fewer explained rows": (option("explainability", rows=500), "checks.explainability.rows", "loosened"),
    "fewer attacked rows": (option("robustness", rows=1000), "checks.robustness.rows", "loosened"),
    "a smaller size": (option("robustness", eps=[0.1, 0.15]), "checks.robustness.eps", "loosened"),
    "smaller sizes": (option("robustness", eps=[0.01, 0.02]), "checks.robustness.eps", "loosened"),
    "a size less": (option("robustness", eps=[0.1]), "checks.robustness.eps", "loosened"),
    "a size more": (option("robustness", eps=[0.05, 0.1, 0.2]), "checks.robustness.eps", "tightened"),
    "a larger size": (option("robustness", eps=[0.1, 0.3]), "checks.robustness.eps", "tightened"),
    "other sizes": (option("robustness", eps=[0.15, 0.25, 0.05]), "checks.robustness.eps", "both"),
    "an attack less": (option("robustness", attacks=["noise"]), "checks.robustness.attacks", "loosened"),
    "another attack": (option("robustness", attacks=["noise", "fgsm"]), "checks.robustness.attacks", "both"),
    "a column held": (option("robustness", immutable=["age", "sex"]), "checks.robustness.immutable", "loosened"),
    "another norm": (option("robustness", norm="2"), "checks.robustness.norm", "neither"),
    "another threshold": (lambda p: p["data"].update(threshold=0.6), "data.threshold", "neither"),
    "an attribute more": (
        lambda p: p["data"]["protected"].update(race={"privileged": "W"}), "data.protected.race", "tightened"
    ),
    "an allowed operation": (
        lambda p: p["model"].update(allow_operations=["ReadFile"]), "model.allow_operations", "loosened"
    ),
    "an import": (lambda p: p["model"].update({"import": ["ydf"]}), "model.import", "loosened"),
    "rows shown": (lambda p: p.update(report={"rows": "shown"}), "report.rows", "neither"),
}  # fmt: skip


@pytest.mark.parametrize("name", EFFECTS)
def test_the_effect_of_a_change(name: str) -> None:
    edit, key, effect = EFFECTS[name]
    (change,) = changes(edit)
    assert (change.key, change.effect) == (key, effect)


@pytest.mark.parametrize("name", EFFECTS)
def test_taken_back_it_has_the_opposite_effect(name: str) -> None:
    edit, key, effect = EFFECTS[name]
    new = base()
    edit(new)
    (change,) = compare(report(MEASURED, new), report(MEASURED, base())).policy
    opposite = {"loosened": "tightened", "tightened": "loosened"}
    assert (change.key, change.effect) == (key, opposite.get(effect, effect))


ACCURACY = {"metric": "performance.accuracy", "at_least": 0.8, "id": "acc"}


@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        ({}, {"attribute": "sex"}, "both"),
        ({"attribute": "sex"}, {"attribute": "sex", "group": "F"}, "loosened"),
        ({"attribute": "sex", "group": "F"}, {"attribute": "*"}, "tightened"),
        ({"attribute": "sex"}, {"attribute": "*"}, "neither"),
        ({"attribute": "sex", "group": "F"}, {"attribute": "sex", "group": "M"}, "both"),
    ],
)
def test_the_effect_of_another_where(old: object, new: object, effect: str) -> None:
    def with_where(where: object) -> Edit:
        return lambda policy: policy.update(gate={"rules": [{**ACCURACY, "where": where}]}, waivers=[])

    (change,) = changes(with_where(new), before=with_where(old))
    assert (change.key, change.rule, change.effect) == ("where", "acc", effect)


def test_a_limit_written_otherwise_is_neither_looser_nor_tighter() -> None:
    (change,) = changes(lambda p: rule(p, at_least=-0.1, at_most=0.1), before=lambda p: rule(p, within=0.1))
    assert (change.key, change.effect) == ("limit", "neither")


def test_a_rule_with_another_id_is_the_same_rule() -> None:
    def rename(policy: dict[str, Any]) -> None:
        policy["gate"]["rules"][1]["id"] = "four-fifths"
        policy["gate"]["rules"][1]["at_least"] = 0.7

    assert [(c.key, c.rule, c.effect) for c in changes(rename)] == [
        ("id", "four-fifths", "neither"),
        ("limit", "four-fifths", "loosened"),
    ]


def test_another_metric_under_the_same_id() -> None:
    def other(policy: dict[str, Any]) -> None:
        policy["gate"]["rules"] = [{**ACCURACY, "metric": "performance.auc"}]

    found = changes(other, before=lambda p: p.update(gate={"rules": [ACCURACY]}, waivers=[]))
    assert [(c.key, c.effect) for c in found] == [("metric", "both")]


def test_files_are_no_settings() -> None:
    def move(policy: dict[str, Any]) -> None:
        policy["model"]["path"] = "elsewhere"
        policy["data"] |= {"path": "e.csv", "background": "b.csv"}

    assert changes(move) == []
