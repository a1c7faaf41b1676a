"""A report of the size that a thorough audit comes to."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from audit.result import (
    CheckResult,
    Measurement,
    MetricFacts,
    Report,
    RuleResult,
)

from .builders import measurement
from .samples import rules, small

SHAPE = {"sex": 2, "race": 5, "age": 3, "region": 4, "married": 2, "sex*race": 10, "race*age": 15}
GROUPS = {name: [f"{name.title()} group {i}" for i in range(size)] for name, size in SHAPE.items()}


def large() -> Report:
    """Seven attributes with their intersections: what a thorough audit of real data comes to."""
    draw = Random(7)
    scored = [m for k in range(15) for m in _scored(f"performance.metric_{k}", draw)]
    fair = [m for k in range(15) for m in _fair(f"fairness.metric_{k}", draw)]
    text = "What it measures, in a sentence of the usual length that says how to read it."
    facts = {f"metric_{k}": MetricFacts(about=text, low=-1, high=1, ideal=0) for k in range(15)}
    checks = [
        CheckResult(name="performance", status="measured", metrics=facts, measurements=scored),
        CheckResult(name="fairness", status="measured", metrics=facts, measurements=fair),
    ]
    return replace(small(), checks=checks, rules=[*rules(), _wide(fair)])


def _scored(metric: str, draw: Random) -> list[Measurement]:
    found = [measurement(metric, 0.83, 0.004, 16281)]
    for attribute, groups in GROUPS.items():
        for group in groups:
            rows, value = draw.randrange(20, 5000), draw.uniform(0.6, 0.95)
            found.append(measurement(metric, value, 1 / rows**0.5, rows, attribute=attribute, group=group))
    return found


def _fair(metric: str, draw: Random) -> list[Measurement]:
    found = []
    for attribute, (privileged, *others) in GROUPS.items():
        for group in others:
            rows = draw.randrange(20, 5000)
            where = {"attribute": attribute, "unprivileged": group, "privileged": privileged}
            found.append(measurement(metric, draw.gauss(0, 0.1), 2 / rows**0.5, rows, **where))
    return found


def _wide(fair: list[Measurement]) -> RuleResult:
    covered = [m for m in fair if m.metric == "fairness.metric_3"]
    return RuleResult(
        id="fairness.metric_3[attribute=*]",
        metric="fairness.metric_3",
        where={"attribute": "*"},
        limit={"within": 0.1},
        status="fail",
        reason="9 of 30 measurements break the limit",
        measurements=covered[:30],
        not_decided=covered[30:],
    )
