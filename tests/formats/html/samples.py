"""Sample reports: a failed one with every status, a passed and an undecided one."""

from __future__ import annotations

from dataclasses import replace

from audit.result import (
    CheckResult,
    DataFacts,
    GroupFacts,
    Measurement,
    ModelFacts,
    OutputFacts,
    PolicyFacts,
    Report,
    RuleResult,
    TensorFacts,
)

from .attacked import robustness
from .attributions import explainability
from .builders import GROUPS, fairness, performance


def rules() -> list[RuleResult]:
    """One rule of every status, and one that covers nothing."""
    return [*_decided(), _crossing(), _waived(), _empty()]


def _measured(metric: str) -> list[Measurement]:
    return [m for check in (performance(), fairness()) for m in check.measurements if m.metric == metric]


def _decided() -> list[RuleResult]:
    return [
        RuleResult(
            id="performance.auc",
            metric="performance.auc",
            where={},
            limit={"at_least": 0.6},
            status="pass",
            reason="the whole interval lies inside the limit",
            measurements=_measured("performance.auc"),
        ),
        RuleResult(
            id="fairness.disparate_impact[attribute=sex]",
            metric="fairness.disparate_impact",
            where={"attribute": "sex"},
            limit={"at_least": 0.8, "at_most": 1.25},
            status="fail",
            reason="1 of 1 measurement breaks the limit",
            measurements=_measured("fairness.disparate_impact")[:1],
        ),
    ]


def _crossing() -> RuleResult:
    return RuleResult(
        id="fairness.disparate_impact[attribute=race]",
        metric="fairness.disparate_impact",
        where={"attribute": "race"},
        limit={"at_least": 0.8, "at_most": 1.25},
        status="inconclusive",
        reason="2 of 2 intervals cross the limit",
        measurements=_measured("fairness.disparate_impact")[1:3],
        not_decided=_measured("fairness.disparate_impact")[3:],
    )


def _waived() -> RuleResult:
    return RuleResult(
        id="fairness.equal_opportunity_difference",
        metric="fairness.equal_opportunity_difference",
        where={},
        limit={"within": 0.1},
        status="waived",
        would_be="fail",
        reason="1 of 5 measurements breaks the limit",
        waiver={
            "rule": "fairness.equal_opportunity_difference",
            "reason": "Retraining is planned.",
            "owner": "Ana",
            "expires": "2027-01-31",
            "covers": ["fail"],
        },
        measurements=_measured("fairness.equal_opportunity_difference"),
    )


def _empty() -> RuleResult:
    return RuleResult(
        id="robustness.adversarial_accuracy[attack=fgsm]",
        metric="robustness.adversarial_accuracy",
        where={"attack": "fgsm", "eps": 0.1},
        limit={"at_least": 0.6},
        status="inconclusive",
        reason="no measurement: the check 'robustness' crashed",
    )


def _model() -> ModelFacts:
    return ModelFacts(
        path="models/income/3",
        digest="sha256:" + "3f" * 32,
        signature="serving_default",
        inputs=[
            TensorFacts(name="age", dtype="float32", shape=[None, 1]),
            TensorFacts(name="marital_status", dtype="string", shape=None),
        ],
        output=OutputFacts(
            name="output_0",
            kind="sigmoid",
            classes=["<=50K", ">50K"],
            evidence="one column, made by a Sigmoid; all scores lie in [0, 1]",
        ),
        differentiable=True,
        columns={"age": ["age"], "marital_status": ["marital-status"]},
    )


def _data() -> DataFacts:
    return DataFacts(
        path="data/test.parquet",
        digest="sha256:" + "a1" * 32,
        rows=16281,
        distinct_rows=15000,
        label="income",
        favorable=[">50K"],
        groups=[
            GroupFacts(attribute=name, privileged=[next(iter(rows))], rows=dict(rows))
            for name, rows in GROUPS.items()
        ],
    )


def _policy() -> PolicyFacts:
    return PolicyFacts(
        path="audit.yaml",
        digest="sha256:" + "0c" * 32,
        default_rules=False,
        effective={"version": 1, "gate": {"confidence": 0.95, "min_rows": 200}},
        command="audit run audit.yaml --seed 0 --date 2026-11-02",
    )


def small() -> Report:
    """A failed audit with every status in it."""
    return Report(
        verdict="fail",
        reason="1 rule does not hold; 2 could not be decided; 1 is waived.",
        model=_model(),
        data=_data(),
        policy=_policy(),
        rules=rules(),
        checks=[
            performance(),
            fairness(),
            CheckResult(name="explainability", status="skipped", reason="the model has one input"),
            CheckResult(
                name="robustness", status="crashed", reason="ValueError: shapes (3,) and (4,) differ"
            ),
        ],
        environment={
            "audit": "0.1.0",
            "python": "3.11.9",
            "tensorflow": "2.21.0",
            "seed": 0,
            "date": "2026-11-02",
        },
        run={"started": "2026-11-02T09:00:00Z", "seconds": {"load": 0.2, "fairness": 0.1}},
    )


def full() -> Report:
    """All four checks measured, with a rule on a feature, an attribute and an attack."""
    checks = [performance(), fairness(), explainability(), robustness()]
    by_metric = {
        metric: [m for check in checks for m in check.measurements if m.metric == metric]
        for metric in ("explainability.attribution_share", "robustness.adversarial_accuracy")
    }
    worst = [m for m in by_metric["robustness.adversarial_accuracy"] if m.where["attack"] == "worst"]
    added = [
        RuleResult(
            id="explainability.attribution_share",
            metric="explainability.attribution_share",
            where={},
            limit={"at_most": 0.5},
            status="pass",
            reason="6 of 6 measurements hold",
            measurements=by_metric["explainability.attribution_share"],
        ),
        RuleResult(
            id="robustness.adversarial_accuracy[attack=worst,attribute=*,eps=0.1]",
            metric="robustness.adversarial_accuracy",
            where={"attack": "worst", "eps": 0.1, "attribute": "*"},
            limit={"at_least": 0.55},
            status="fail",
            reason="2 of 7 measurements break the limit",
            measurements=[m for m in worst if m.where["eps"] == 0.1 and "group" in m.where],
        ),
    ]
    return replace(small(), checks=checks, rules=[*rules()[:-1], *added])


def passing() -> Report:
    """An audit under the default rules that passes."""
    kept = [replace(rule, status="pass", limit={"at_least": 0.1}) for rule in rules()[:2]]
    return replace(
        small(),
        verdict="pass",
        reason="All 2 rules passed.",
        rules=kept,
        checks=[performance(), fairness()],
        policy=replace(small().policy, default_rules=True, path=None),
    )


def inconclusive() -> Report:
    """An audit without rules."""
    return replace(small(), verdict="inconclusive", reason="The policy has no rules.", rules=[])
