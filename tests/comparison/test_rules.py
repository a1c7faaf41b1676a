"""Rules against a baseline, from the policy to the verdict and again from the JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

import audit
from audit.errors import AuditError
from audit.formats.html.page import render_html
from audit.formats.json import from_json, to_json
from audit.result import Report

from ..conftest import Models
from .kit import noisy, policy_of, run

AUC = "performance.auc"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rules")


@pytest.fixture(scope="module")
def report(model: Models, folder: Path) -> Report:
    rules = [
        {"metric": AUC, "no_worse_than_baseline_by": 0.02},
        {"metric": AUC, "at_least": 0.99, "no_worse_than_baseline_by": 0.02, "id": "both"},
        {"metric": "performance.accuracy", "where": {"attribute": "sex"}, "no_worse_than_baseline_by": 0.3},
        {
            "metric": "performance.accuracy",
            "where": {"attribute": "sex"},
            "better_than_baseline_by": 0.3,
            "id": "far",
        },
    ]
    return run(noisy(600), model, folder, rules)


def test_a_rule_holds_when_the_whole_interval_of_the_improvement_does(report: Report) -> None:
    status = {rule.id: rule.status for rule in report.rules}
    assert status == {
        AUC: "pass",
        "both": "fail",
        "performance.accuracy[attribute=sex]": "pass",
        "far": "fail",
    }


def test_a_looser_limit_never_turns_a_pass_into_a_fail(model: Models, folder: Path, report: Report) -> None:
    statuses = []
    for limit in (0.0, 0.005, 0.01, 0.02, 0.05, 0.2):
        rules = [{"metric": AUC, "no_worse_than_baseline_by": limit}]
        policy = policy_of(noisy(600), model, folder, rules)
        statuses.append(audit.decide(report, policy).rules[0].status)
    order = ["fail", "inconclusive", "pass"]
    assert statuses == sorted(statuses, key=order.index) and statuses[-1] == "pass"


def test_the_json_says_all_that_deciding_again_needs(report: Report) -> None:
    again = from_json(to_json(report))
    assert again == report
    assert audit.decide(again).rules == report.rules


def test_another_confidence_is_decided_from_the_json(model: Models, folder: Path, report: Report) -> None:
    rules = [{"metric": AUC, "no_worse_than_baseline_by": 0.02}]
    policy = policy_of(noisy(600), model, folder, rules)
    policy["gate"]["confidence"] = 0.8
    there = audit.run(policy)
    again = audit.decide(from_json(to_json(report)), policy)
    assert again.rules == there.rules


def test_without_a_baseline_such_a_rule_is_inconclusive(model: Models, folder: Path) -> None:
    policy = policy_of(noisy(100), model, folder, [{"metric": AUC, "no_worse_than_baseline_by": 0.5}])
    del policy["model"]["baseline"]
    report = audit.run(policy)
    assert (report.verdict, report.baseline) == ("inconclusive", None)
    assert report.rules[0].reason == "not decided: the baseline has no such measurement"


def test_a_metric_without_a_direction_is_an_error_before_any_model_is_loaded(
    model: Models, folder: Path
) -> None:
    policy = policy_of(
        noisy(100), model, folder, [{"metric": "performance.selection_rate", "better_than_baseline_by": 0.5}]
    )
    policy["model"]["path"] = "nothing/here"
    with pytest.raises(AuditError, match="which way is better"):
        audit.run(policy)


def test_dear_checks_run_on_the_baseline_only_where_a_rule_asks(model: Models, folder: Path) -> None:
    rule = {"metric": "robustness.flip_rate", "where": {"attack": "noise"}, "no_worse_than_baseline_by": 0.9}
    robustness = {"attacks": ["noise"], "eps": [0.1]}
    found = {}
    for rules in ([], [rule]):
        policy = policy_of(noisy(150), model, folder, rules)
        policy["checks"] = {"explainability": False, "robustness": robustness}
        found[len(rules)] = audit.run(policy)
    for asked, report in found.items():
        (check,) = (check for check in report.checks if check.name == "robustness")
        assert {bool(m.baseline) for m in check.measurements} == {bool(asked)}
    (decided,) = found[1].rules
    assert decided.status == "pass"
    baseline = decided.measurements[0].baseline
    assert baseline is not None and baseline.discordant["rate"][2] == decided.measurements[0].n


def test_the_page_shows_both_models(report: Report) -> None:
    assert report.baseline is not None
    page = render_html(report)
    assert page.count(report.baseline.digest) == 1
    assert "<dt>Baseline</dt>" in page
    assert page.count("Improvement over the baseline</figcaption>") == len(report.rules)
    assert 'href="#m-baseline"' in page
