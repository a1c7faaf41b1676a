"""Audits that must not pass: one decision on all rows, and groups that are split or hidden below ``min_rows``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import audit
from audit.formats.json import from_json, to_json
from audit.result import Report, RuleResult

from ..audits import GIVEN, content, people, store
from ..conftest import Models

SEX: dict[str, Any] = {"sex": {"privileged": "Male"}}
IMPACT = {
    "metric": "fairness.disparate_impact",
    "where": {"attribute": "sex"},
    "at_least": 0.8,
    "at_most": 1.25,
}


def audited(frame: pd.DataFrame, model: Path, folder: Path, rules: list[Any], **given: Any) -> Report:
    policy = content(model, store(frame, folder), spec=GIVEN, **{"protected": SEX, **given})
    policy["gate"] = {"rules": rules, "min_rows": 200}
    report = audit.run(policy)
    # what decided stands in the report
    again = audit.decide(from_json(to_json(report)))
    assert (again.verdict, again.reason) == (report.verdict, report.reason)
    assert [(r.status, r.reason) for r in again.rules] == [(r.status, r.reason) for r in report.rules]
    return report


def rule_of(report: Report, metric: str) -> RuleResult:
    (rule,) = (rule for rule in report.rules if rule.metric == metric)
    return rule


@pytest.mark.parametrize("threshold", [0.0, 1.0])
@pytest.mark.parametrize("weight", [None, "age"])
def test_one_decision_on_all_rows_passes_no_rule_on_decisions(
    threshold: float, weight: str | None, model: Models, tmp_path: Path
) -> None:
    rules: list[Any] = [
        IMPACT,
        {"metric": "fairness.statistical_parity_difference", "within": 0.1},
        {"metric": "fairness.equal_opportunity_difference", "within": 0.1},
        {"metric": "fairness.equalized_odds_difference", "at_most": 0.1},
        {"metric": "fairness.false_positive_rate_difference", "within": 0.1},
        {"metric": "fairness.theil_index", "at_most": 5.0},
        {"metric": "performance.true_positive_rate", "where": {"attribute": "sex"}, "at_least": 0.8},
        {"metric": "performance.false_positive_rate", "where": {"attribute": "sex"}, "at_most": 0.2},
        {"metric": "performance.selection_rate", "where": {"attribute": "sex"}, "within": 1.5},
    ]
    frame = people(1500).assign(score=lambda rows: rows["score"].clip(0.01, 0.99))
    report = audited(frame, model("given"), tmp_path, rules, threshold=threshold, weight=weight)
    rate = "performance.true_positive_rate" if threshold else "performance.false_positive_rate"
    assert [rule.metric for rule in report.rules if rule.status == "fail"] == [rate]
    open_rules = [rule for rule in report.rules if rule.metric != rate]
    assert {rule.status for rule in open_rules} == {"inconclusive"}
    reasons = " ".join(rule.reason for rule in open_rules)
    assert reasons.count("could not have broken the limit") >= 6


def test_the_default_rules_do_not_pass_a_model_that_approves_everyone(model: Models, tmp_path: Path) -> None:
    policy = content(model("given"), store(people(3000), tmp_path), spec=GIVEN, protected=SEX, threshold=0.0)
    del policy["gate"], policy["checks"]
    report = audit.run(policy)
    statuses = {rule.metric.partition(".")[2]: rule.status for rule in report.rules}
    assert report.verdict == "inconclusive"
    assert statuses == {
        "auc": "pass",
        "disparate_impact": "inconclusive",
        "equal_opportunity_difference": "inconclusive",
        "protected_share": "inconclusive",  # no column that the model reads stands for sex
        "adversarial_accuracy": "inconclusive" if statuses["adversarial_accuracy"] != "fail" else "fail",
    }


def test_a_perfect_model_passes(model: Models, tmp_path: Path) -> None:
    """Its true positive rate is 1 in each group, and might have been another."""
    random = np.random.default_rng(5)
    frame = people(3000).assign(label=lambda rows: random.integers(0, 2, len(rows)))
    frame["score"] = np.where(frame["label"] == 1, 0.9, 0.1)
    odds = {"metric": "fairness.equal_opportunity_difference", "within": 0.1}
    assert audited(frame, model("given"), tmp_path, [IMPACT, odds]).verdict == "pass"


def biased(groups: list[str | None], shares: list[int], rates: list[float], seed: int = 0) -> pd.DataFrame:
    """Return rows of groups of these sizes whose shares of favourable decisions are known."""
    random = np.random.default_rng(seed)
    sex = np.repeat(np.array(groups, object), shares)
    chosen = np.concatenate([np.arange(n) < round(n * r) for n, r in zip(shares, rates, strict=True)])
    label = random.integers(0, 2, len(sex))
    return pd.DataFrame({"score": np.where(chosen, 0.9, 0.1), "sex": sex, "label": label})


SPELLINGS = ["Female", "female", "FEMALE", "F", "f", "woman", "Woman", "W", "w", "fem", "Fem.", "female "]


def test_twelve_spellings_of_one_group_are_decided_together(model: Models, tmp_path: Path) -> None:
    """Each has 100 rows, of which 2 are favoured; so have 0.33 of the men."""
    frame = biased(["Male", *SPELLINGS], [1200, *[100] * 12], [1 / 3, *[0.02] * 12])
    report = audited(frame, model("given"), tmp_path, [IMPACT])
    assert report.verdict == "fail"
    rule = rule_of(report, "fairness.disparate_impact")
    (pool,) = [m for m in rule.measurements if m.members]
    assert pool.where == {"attribute": "sex", "unprivileged": "(others)", "privileged": "Male"}
    assert pool.value == pytest.approx(0.06) and pool.n == 2400 and pool.smallest_n == 1200
    assert sorted(pool.members) == sorted(SPELLINGS)
    assert pool.counts == {"unprivileged": [24.0, 1200.0], "privileged": [400.0, 1200.0]}
    assert len(rule.not_decided) == 12


def test_rows_without_a_group_are_not_passed_over(model: Models, tmp_path: Path) -> None:
    frame = biased(["Male", "Female", None], [1000, 1000, 190], [0.5, 0.5, 0.03])
    report = audited(frame, model("given"), tmp_path, [IMPACT])
    (rule,) = report.rules
    assert report.verdict == "inconclusive"
    assert (
        "'(missing) (sex)' has fewer rows than gate.min_rows, but its whole interval is outside the limit"
        in rule.reason
    )
    (small,) = rule.not_decided
    assert small.value == pytest.approx(0.06 * (19 / 18) * (18 / 19), abs=0.005) and small.rows == 190


@pytest.mark.parametrize("metric", ["accuracy", "selection_rate", "true_positive_rate", "auc", "brier"])
def test_pools_of_performance_are_those_of_one_group(metric: str, model: Models, tmp_path: Path) -> None:
    """The same rows under one name give the same numbers."""
    frame = people(1500, 3).assign(w=lambda rows: rows["age"], who=lambda rows: rows.index // 3)
    names = np.where(frame["race"] == "White", "White", [f"r{i % 40}" for i in frame.index])
    split = {"race": {"privileged": "White"}}
    for given in ({}, {"weight": "w"}, {"weight": "w", "cluster": "who"}):
        reports = [
            audited(frame.assign(race=race), model("given"), tmp_path, [], protected=split, **given)
            for race in (names, np.where(names == "White", "White", "one"))
        ]
        found, expected = (
            {m.where["group"]: m for check in report.checks for m in check.measurements
             if m.metric == f"performance.{metric}" and "group" in m.where}
            for report in reports
        )  # fmt: skip
        pool, one = found["(others)"], expected["one"]
        assert len(pool.members) == 40 and not one.members
        assert (pool.value, pool.n) == pytest.approx((one.value, one.n))
        assert pool.ci == pytest.approx(one.ci)


def test_another_min_rows_asks_for_another_run(model: Models, tmp_path: Path) -> None:
    frame = biased(["Male", "a", "b", "c"], [1000, 190, 150, 120], [0.5, 0.5, 0.5, 0.5])
    report = audited(frame, model("given"), tmp_path, [IMPACT])
    policy = {**report.policy.effective, "gate": {"rules": [IMPACT], "min_rows": 160}}
    assert report.verdict == "pass"
    decision = audit.decide(report, json.loads(json.dumps(policy)))
    assert decision.verdict == "inconclusive" and "run the audit again" in decision.rules[0].reason


def test_a_group_called_others_stays_one_of_its_own(model: Models, tmp_path: Path) -> None:
    frame = biased(["Male", "(others)", "a", "b"], [1000, 500, 150, 150], [0.5, 0.5, 0.02, 0.02])
    report = audited(frame, model("given"), tmp_path, [IMPACT])
    decided = {
        m.where["unprivileged"]: m.members for m in rule_of(report, "fairness.disparate_impact").measurements
    }
    assert decided == {"(others)": [], "(others)+": ["a", "b"]}
    assert report.verdict == "fail"


def test_the_pool_is_compared_with_a_baseline_row_by_row(model: Models, tmp_path: Path) -> None:
    frame = biased(["Male", "a", "b"], [1000, 150, 150], [0.5, 0.4, 0.4])
    policy = content(model("given"), store(frame, tmp_path), spec={**GIVEN, "baseline": str(model("given"))})
    policy["data"]["protected"] = SEX
    policy["gate"] = {"rules": [{**IMPACT, "no_worse_than_baseline_by": 0.01}], "min_rows": 200}
    (rule,) = audit.run(policy).rules
    (pool,) = [m for m in rule.measurements if m.members]
    assert pool.baseline is not None and pool.baseline.value == pool.value
