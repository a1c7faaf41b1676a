"""Reports of closed-form counts, decided by the gate under a real policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from audit.check import policy_from
from audit.conclusion.stored import decide_again
from audit.gate.verdict import DECISION_VERSION
from audit.result import (
    BackgroundFacts,
    CheckResult,
    DataFacts,
    GroupFacts,
    Measurement,
    MetricFacts,
    ModelFacts,
    OutputFacts,
    PolicyFacts,
    Report,
    SampledRows,
    Scalar,
    TensorFacts,
)
from audit.stats.confidence import at_confidence

ON = date(2026, 6, 15)
ROWS = 5000
SAMPLED = SampledRows(kind="attacked", source="raise checks.robustness.rows")


def share(metric: str, events: float, rows: float = ROWS, **where: Scalar) -> Measurement:
    """A proportion."""
    counts = {"rate": [float(events), float(rows)]}
    value = events / rows
    return Measurement(
        metric=metric, value=value, n=int(rows), method="clopper-pearson", counts=counts, where=where
    )


def impact(events: float, rows: float, others: float, other_rows: float, group: str = "F") -> Measurement:
    """The ratio of two groups' shares."""
    return Measurement(
        metric="fairness.disparate_impact",
        value=(events / rows) / (others / other_rows),
        n=int(rows + other_rows),
        smallest_n=int(min(rows, other_rows)),
        method="mover-ratio",
        counts={"unprivileged": [events, rows], "privileged": [others, other_rows]},
        where={"attribute": "sex", "unprivileged": group, "privileged": "M"},
    )


FACTS: Mapping[str, MetricFacts] = {
    "performance.accuracy": MetricFacts(about="Share.", low=0.0, high=1.0, ideal=1.0, better="higher"),
    "performance.rows": MetricFacts(about="Rows.", low=0.0, of_data=True),
    "performance.selection_rate": MetricFacts(about="Share.", low=0.0, high=1.0),
    "fairness.disparate_impact": MetricFacts(about="Ratio.", low=0.0, ideal=1.0, better="ideal"),
    "robustness.flip_rate": MetricFacts(about="Share.", better="lower", sampled=SAMPLED),
    "explainability.attribution_share": MetricFacts(about="Share.", sampled=SAMPLED),
    "explainability.additivity_error": MetricFacts(about="Largest.", better="lower", sampled=SAMPLED),
    "explainability.rank_stability": MetricFacts(about="Correlation.", better="higher", sampled=SAMPLED),
    "explainability.proxy_auc": MetricFacts(about="AUC.", better="lower", sampled=SAMPLED, of_data=True),
}


def content(**sections: Any) -> dict[str, Any]:
    """A policy with two rules; ``sections`` replace its own."""
    rules = [
        {"metric": "performance.accuracy", "at_least": 0.8},
        {"metric": "fairness.disparate_impact", "where": {"attribute": "sex"}, "at_least": 0.8},
    ]
    return {
        "version": 1,
        "model": {"path": "m"},
        "data": {"path": "d.csv", "label": "y", "protected": {"sex": {"privileged": "M"}}},
        "gate": {"rules": rules},
        **sections,
    }


def results(measurements: Sequence[Measurement], facts: Mapping[str, MetricFacts]) -> list[CheckResult]:
    by_check: dict[str, list[Measurement]] = {}
    for measurement in measurements:
        by_check.setdefault(measurement.metric.partition(".")[0], []).append(measurement)
    return [
        CheckResult(
            name=name,
            status="measured",
            metrics={m.metric: facts[m.metric] for m in items if m.metric in facts},
            measurements=[at_confidence(m, 0.95, 0.95) for m in items],
        )
        for name, items in by_check.items()
    ]


def model(digest: str = "sha256:aa") -> ModelFacts:
    return ModelFacts(
        path="m",
        digest=digest,
        signature="serving_default",
        inputs=[TensorFacts(name="x", dtype="float32", shape=[None, 2])],
        output=OutputFacts(name="p", kind="sigmoid", classes=["no", "yes"], evidence="Sigmoid"),
        differentiable=True,
        columns={"x": ["a", "b"]},
    )


def report(
    measurements: Sequence[Measurement],
    policy: Mapping[str, Any] | None = None,
    *,
    digest: str = "sha256:aa",
    data: str = "sha256:01",
    rows: int = ROWS,
    seed: int = 0,
    version: str = "0.1",
    background: str | None = None,
    baseline: ModelFacts | None = None,
    facts: Mapping[str, MetricFacts] = FACTS,
) -> Report:
    """A report with these measurements, decided by this version."""
    chosen = policy_from(policy or content())
    whole = Report(
        verdict="inconclusive",
        reason="",
        model=model(digest),
        baseline=baseline,
        data=DataFacts(
            path="d.csv",
            digest=data,
            rows=rows,
            distinct_rows=rows,
            label=chosen.data.label,
            favorable=["yes"],
            groups=[GroupFacts(attribute="sex", privileged=["M"], rows={"F": 2000, "M": rows - 2000})],
            background=BackgroundFacts(path="b.csv", digest=background) if background else None,
        ),
        policy=PolicyFacts(
            path="audit.yaml",
            digest=chosen.digest,
            effective=chosen.effective(),
            default_rules=False,
            command="audit run",
        ),
        rules=[],
        checks=results(measurements, facts),
        environment={"audit": version, "seed": seed, "date": ON.isoformat()},
        run={"started": "2026-06-15T00:00:00+00:00"},
        decision_version=DECISION_VERSION,
    )
    decision = decide_again(whole)
    return replace(whole, verdict=decision.verdict, rules=decision.rules, reason=decision.reason)
