"""Ids, default rules, and rules and waivers that name what is not there."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from audit.check import entry_points, load_policy
from audit.errors import AuditError
from audit.policy import Policy

from .examples import LEAST, with_rules, written

PROTECTED = LEAST.replace(
    "label: income", "label: income, protected: {sex: {privileged: M}, race: {privileged: W}}"
)
Expected = tuple[str, str, dict[str, str], dict[str, float]]
FAIRNESS = [
    (f"fairness.{metric}[attribute={name}]", f"fairness.{metric}", {"attribute": name}, limit)
    for name in ("sex", "race")
    for metric, limit in (
        ("disparate_impact", {"at_least": 0.8, "at_most": 1.25}),
        ("equal_opportunity_difference", {"within": 0.1}),
    )
]
AUC: list[Expected] = [("performance.auc", "performance.auc", {}, {"at_least": 0.6})]
SHARE: list[Expected] = [
    ("explainability.protected_share", "explainability.protected_share", {}, {"at_most": 0.2})
]
WORST = [
    ("robustness.adversarial_accuracy[attack=worst,eps=0.1]", "robustness.adversarial_accuracy",
     {"attack": "worst", "eps": 0.1}, {"at_least": 0.5}),
]  # fmt: skip
ALL = AUC + FAIRNESS + SHARE + WORST


def ruled(policy: Policy) -> list[tuple]:
    return [(rule.id, rule.metric, rule.where, rule.limit) for rule in policy.rules]


def ids(folder: Path, *rules: str) -> list[str | None]:
    text = with_rules(*rules).replace(LEAST, PROTECTED)
    return [rule.id for rule in load_policy(written(folder, text)).rules]


def refused(folder: Path, text: str) -> AuditError:
    with pytest.raises(AuditError) as error:
        load_policy(written(folder, text))
    return error.value


def test_without_a_gate_the_default_rules_and_200_rows(tmp_path: Path) -> None:
    policy = load_policy(written(tmp_path, PROTECTED))
    assert ruled(policy) == ALL
    assert policy.gate and (policy.gate.min_rows, policy.gate.confidence) == (200, 0.95)
    assert policy.default_rules


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("gate: {}\n", ALL),
        ("gate: {confidence: 0.9}\n", ALL),
        ("gate: {rules: []}\n", []),
        ("checks: {fairness: false}\n", AUC + SHARE + WORST),
        ("checks: {performance: false}\n", FAIRNESS + SHARE + WORST),
        ("checks: {explainability: false}\n", AUC + FAIRNESS + WORST),
        ("checks: {robustness: false}\n", AUC + FAIRNESS + SHARE),
    ],
)
def test_default_rules_with_a_gate_and_with_checks_that_are_off(
    tmp_path: Path, more: str, expected: list
) -> None:
    policy = load_policy(written(tmp_path, PROTECTED + more))
    assert ruled(policy) == expected
    assert policy.default_rules == ("rules: []" not in more)


def test_nobody_is_protected(tmp_path: Path) -> None:
    assert ruled(load_policy(written(tmp_path, LEAST))) == AUC + WORST


@pytest.mark.parametrize("missing", ["performance", "fairness", "explainability", "robustness"])
def test_no_rules_of_a_check_that_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    others = {name: entry for name, entry in entry_points.installed().items() if name != missing}
    monkeypatch.setattr(entry_points, "installed", lambda: others)
    policy = load_policy(written(tmp_path, PROTECTED))
    assert ruled(policy) == [rule for rule in ALL if not rule[1].startswith(f"{missing}.")]
    assert policy.default_rules


def test_the_order_of_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the model works, for whom, by what, and how easily it is turned; then plug-ins by name."""
    names = ["slices", "robustness", "zeal", "explainability", "art", "fairness", "performance"]
    entries = [EntryPoint(name, "m:C", entry_points.GROUP) for name in names]
    monkeypatch.setattr(entry_points, "entry_points", lambda group: entries)
    assert list(entry_points.installed.__wrapped__()) == [
        "performance", "fairness", "explainability", "robustness", "slices", "art", "zeal",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("favorable", "outcomes"), [("", []), (", favorable: {at_least: 150}", FAIRNESS + WORST)]
)
def test_a_regression_explains_the_label_and_has_outcomes_only_by_favorable(
    tmp_path: Path, favorable: str, outcomes: list
) -> None:
    text = PROTECTED.replace("path: models/income", "path: m, output: regression")
    policy = load_policy(written(tmp_path, text.replace("label: income", "label: income" + favorable)))
    own: list = [("performance.r2", {}, {"at_least": 0.1})]
    own += [
        ("fairness.mean_prediction_difference", {"attribute": name}, {"within": 0.1})
        for name in policy.data.protected
    ]
    rules = [(rule.metric, rule.where, rule.limit) for rule in policy.rules]
    assert rules[0] == own[0]
    assert sorted(map(str, rules)) == sorted(map(str, own + [rule[1:] for rule in outcomes]))


IDS = [
    (["{metric: performance.auc, at_least: 0.6}"], ["performance.auc"]),
    (["{metric: performance.auc, at_least: 0.6, id: ranks}"], ["ranks"]),
    (["{metric: fairness.disparate_impact, where: {unprivileged: F, attribute: sex}, at_least: 0.8}"],
     ["fairness.disparate_impact[attribute=sex,unprivileged=F]"]),
    (["{metric: performance.auc, at_least: 0.6}", "{metric: performance.auc, at_most: 0.99}",
      "{metric: performance.auc, at_most: 0.98}"],
     ["performance.auc", "performance.auc#2", "performance.auc#3"]),
    # one that is given keeps its id, wherever it stands
    (["{metric: performance.auc, at_least: 0.6}", "{metric: performance.brier, at_most: 1, id: performance.auc}"],
     ["performance.auc#2", "performance.auc"]),
    (["{metric: performance.auc, at_least: 0.6}", "{metric: performance.auc, at_least: 0.7}",
      "{metric: performance.brier, at_most: 1, id: performance.auc#2}"],
     ["performance.auc", "performance.auc#3", "performance.auc#2"]),
    (["{metric: performance.auc, at_least: 0.6, where: {attribute: sex}}", "{metric: performance.auc, at_least: 0.6}"],
     ["performance.auc[attribute=sex]", "performance.auc"]),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "expected"), IDS)
def test_ids(tmp_path: Path, rules: list[str], expected: list[str]) -> None:
    assert ids(tmp_path, *rules) == expected


def test_an_id_stands_once(tmp_path: Path) -> None:
    rule = "{metric: performance.auc, at_least: 0.6, id: ranks}"
    assert refused(tmp_path, with_rules(rule, rule)).found == "'ranks' 2 times"


def test_unknown_metrics_name_the_nearest(tmp_path: Path) -> None:
    error = refused(tmp_path, with_rules("{metric: fairness.disparate_impct, at_least: 0.8}"))
    assert "did you mean 'fairness.disparate_impact'?" in error.found
    assert refused(tmp_path, with_rules("{metric: auc, at_least: 0.8}")).where == "gate.rules: auc"
    assert (
        "performance.auc" in refused(tmp_path, with_rules("{metric: performence.auc, at_least: 0.8}")).found
    )


def test_a_rule_on_a_check_that_is_off(tmp_path: Path) -> None:
    text = with_rules(
        "{metric: fairness.disparate_impact, at_least: 0.8}", more="checks: {fairness: false}\n"
    )
    assert refused(tmp_path, text).found == "checks.fairness is turned off"


def test_unknown_checks_and_options(tmp_path: Path) -> None:
    error = refused(tmp_path, LEAST + "checks: {fairnes: {}}\n")
    assert (error.where, "did you mean 'fairness'?" in error.found) == ("checks.fairnes", True)
    assert refused(tmp_path, LEAST + "checks: {fairness: {rows: 3}}\n").where == "checks.fairness.rows"
    assert refused(tmp_path, LEAST + "checks: {fairnes: false}\n").where == "checks.fairnes"


@pytest.mark.parametrize(
    ("name", "meant"),
    [("performance.auk", "performance.auc"), ("performance.auc#3", "performance.auc#2"), ("Ranks", "ranks")],
)
def test_a_waiver_of_an_unknown_rule(tmp_path: Path, name: str, meant: str) -> None:
    rules = ["{metric: performance.auc, at_least: 0.6}"] * 2 + [
        "{metric: performance.auc, at_least: 0.6, id: ranks}"
    ]
    waiver = f"waivers: [{{rule: '{name}', reason: a, owner: b, expires: 2030-01-01}}]\n"
    error = refused(tmp_path, with_rules(*rules, more=waiver))
    assert error.where == f"waivers: {name}"
    assert f"did you mean {meant!r}?" in error.found


def test_a_waiver_may_name_a_default_rule_or_a_second_one(tmp_path: Path) -> None:
    for name in ("performance.auc", "fairness.disparate_impact[attribute=sex]"):
        waiver = f"waivers: [{{rule: '{name}', reason: a, owner: b, expires: 2030-01-01}}]\n"
        assert load_policy(written(tmp_path, PROTECTED + waiver)).waivers[0].rule == name
