"""A report as a run would leave it, with every kind of number: decided by the gate, under a real policy."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from math import inf, nan

from audit.check import policy_from
from audit.conclusion.stored import decide_again
from audit.gate.verdict import DECISION_VERSION, decide
from audit.policy import Policy
from audit.result import (
    CheckResult,
    DataFacts,
    GroupFacts,
    Measurement,
    MetricFacts,
    ModelFacts,
    OutputFacts,
    PolicyFacts,
    Report,
    Scalar,
    Table,
    TensorFacts,
)
from audit.stats.confidence import at_confidence

ON = date(2026, 6, 15)


def policy() -> Policy:
    """Return rules of every status: pass, fail, inconclusive, and waived until after `ON`."""
    impact = {"metric": "fairness.disparate_impact", "at_least": 0.8, "where": {"attribute": "sex"}}
    return policy_from(
        {
            "version": 1,
            "model": {"path": "m"},
            "data": {"path": "d.csv", "label": "y", "protected": {"sex": {"privileged": "M"}}},
            "gate": {
                "min_rows": 30,
                "rules": [
                    {"metric": "performance.accuracy", "at_least": 0.8},
                    impact,
                    {**impact, "id": "known"},
                    {"metric": "performance.log_loss", "at_most": 1},
                ],
            },
            "waivers": [{"rule": "known", "reason": "since May", "owner": "risk", "expires": "2026-06-16"}],
        }
    )


def checks() -> list[CheckResult]:
    pair = {"unprivileged": [40.0, 400.0], "privileged": [300.0, 500.0]}
    thin = {"unprivileged": [0.0, 5.0], "privileged": [0.0, 500.0]}
    where: dict[str, Scalar] = {"attribute": "sex", "unprivileged": "F", "privileged": "M"}
    found = [
        Measurement(metric="performance.accuracy", value=0.9, n=905, ci=(0.87, 0.92), method="clopper-pearson",
                    counts={"rate": [814.5, 905.0]}),
        Measurement(metric="performance.log_loss", value=inf, n=905, ci=(0.2, inf), method="a plug-in's", se=nan),
        Measurement(metric="performance.rows", value=905.0, n=905, method="exact"),
    ]  # fmt: skip
    impact = [
        Measurement(metric="fairness.disparate_impact", value=0.1 / 0.6, n=900, smallest_n=400, counts=pair,
                    method="mover-ratio", where=where),
        Measurement(metric="fairness.disparate_impact", value=nan, n=505, smallest_n=5, counts=thin,
                    ci=(-inf, inf), method="mover-ratio", where={**where, "unprivileged": "(missing)"}),
    ]  # fmt: skip
    curve = Table(
        name="curve", about="Accuracy by size of the change.",
        columns={"eps": [0.0, 0.5, inf], "accuracy": [0.9, None, nan], "label": ["NaN", "a", None], "row": [1, 2, 3]},
    )  # fmt: skip
    facts = {"performance.accuracy": MetricFacts(about="Share of rows.", low=0.0, high=1.0, ideal=1.0)}
    return [
        CheckResult(
            name="performance",
            status="measured",
            summary="How good",
            metrics=facts,
            measurements=found,
            notes=["A note <of> the method."],
            tables=[curve],
        ),
        CheckResult(name="fairness", status="measured", measurements=impact),
        CheckResult(name="later", status="skipped", reason="a <regression> needs …"),
    ]


def report() -> Report:
    chosen, found = policy(), checks()
    assert chosen.gate
    decision = decide(found, chosen.gate, chosen.waivers, ON, 0.95)
    return Report(
        verdict=decision.verdict,
        reason=decision.reason,
        model=ModelFacts(
            path="m", digest="sha256:00", signature="serving_default", differentiable=True, columns={"x": ["a", "b"]},
            inputs=[TensorFacts(name="x", dtype="float32", shape=[None, 2]),
                    TensorFacts(name="free", dtype="string", shape=None)],
            output=OutputFacts(name="p", kind="sigmoid", classes=["<=50K", 1, True, 0.5], evidence="Sigmoid"),
        ),
        data=DataFacts(
            path="d.csv", digest="sha256:01", rows=905, distinct_rows=900, label="y", favorable=[">50K"],
            groups=[GroupFacts(attribute="sex", privileged=["M"], rows={"F": 400, "M": 500, "(missing)": 5})],
        ),
        policy=PolicyFacts(path="audit.yaml", digest=chosen.digest, effective=chosen.effective(),
                           default_rules=False, command="audit run audit.yaml"),
        rules=decision.rules,
        checks=found,
        environment={"audit": "0.1", "seed": 0, "date": ON.isoformat()},
        run={"started": "2026-06-15T00:00:00+00:00", "seconds": {"load": 0.2}},
    )  # fmt: skip


def decided_report() -> Report:
    """The report with the intervals and the verdict of this version."""
    rounded = report()
    checks = [
        replace(check, measurements=[at_confidence(m, 0.95, 0.95) for m in check.measurements])
        for check in rounded.checks
    ]
    exact = replace(rounded, checks=checks, decision_version=DECISION_VERSION)
    decision = decide_again(exact)
    return replace(exact, verdict=decision.verdict, rules=decision.rules, reason=decision.reason)


def passing_report(**gate: object) -> Report:
    """Return a report with the verdict pass under a policy of one rule; ``gate`` and ``waivers`` go into the policy."""
    waivers = gate.pop("waivers", [])
    content = {
        "version": 1,
        "model": {"path": "m"},
        "data": {"path": "d.csv", "label": "y", "protected": {"sex": {"privileged": "M"}}},
        "gate": {"rules": [{"metric": "performance.accuracy", "at_least": 0.8}], **gate},
        "waivers": waivers,
    }
    chosen = policy_from(content)
    facts = PolicyFacts(
        path="audit.yaml",
        digest=chosen.digest,
        effective=chosen.effective(),
        default_rules=False,
        command="audit run",
    )
    undecided = replace(decided_report(), policy=facts)
    decision = decide_again(undecided)
    return replace(undecided, verdict=decision.verdict, rules=decision.rules, reason=decision.reason)
