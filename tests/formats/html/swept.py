"""A report with curves over the decision threshold, and with predictions binned group by group."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from audit.result import CheckResult, GroupFacts, Measurement, MetricFacts, Report, RuleResult, Scalar, Table

from .builders import FACTS, FAIR_FACTS
from .hostile import HOSTILE
from .samples import small

THRESHOLDS, CHOSEN = [round(0.05 * step, 2) for step in range(1, 20)], 0.5
MANY = [f"Group {i}" for i in range(40)]
"""Of the attribute ``region``: the first is the furthest from the ideal, and each next one is nearer."""
GROUPS = {"sex": ["Female"], "race": ["Black", "Other"], "region": MANY}


def ratio(attribute: str, group: str, threshold: float) -> tuple[float, float, float]:
    """Return a value and its interval, which is wide for one group and has no end at its last threshold."""
    if attribute == "region":
        value = 0.2 + MANY.index(group) / 60
        return value, value - 0.01, value + 0.01
    value = {"Female": 0.9 - threshold / 2, "Black": 1 - threshold / 2, "Other": 0.6}[group]
    half = 0.35 if group == "Other" else 0.02
    return value, max(value - half, 0.0), math.inf if group == "Other" and threshold > 0.9 else value + half


def swept(names: dict[str, list[str]] = GROUPS, **changed: Any) -> CheckResult:
    """Return the fairness check with the tables of thresholds; ``changed`` are columns to put in their place."""
    cells: list[tuple[Scalar | None, ...]] = []
    for attribute, groups in names.items():
        for group in groups:
            for threshold in THRESHOLDS:
                known = ratio(attribute, group, threshold) if names is GROUPS else (0.5, 0.4, 0.6)
                gap: tuple[Scalar | None, ...] = (0.1 - threshold / 5, -0.2, 0.2)
                if threshold > 0.8:
                    gap = (math.nan, None, None)
                cells.append((attribute, group, "Male", threshold, threshold == CHOSEN, *known, *gap))
    heads = ["attribute", "unprivileged", "privileged", "threshold", "chosen"]
    for name in ("disparate_impact", "equal_opportunity_difference"):
        heads += [name, f"{name}_low", f"{name}_high"]
    columns = dict(zip(heads, (list(column) for column in zip(*cells, strict=True)), strict=True))
    accuracy: dict[str, list[Scalar | None]] = {
        "threshold": [*THRESHOLDS],
        "chosen": [t == CHOSEN for t in THRESHOLDS],
        "accuracy": [0.8 - abs(t - 0.4) for t in THRESHOLDS],
        "accuracy_low": [0.78 - abs(t - 0.4) for t in THRESHOLDS],
        "accuracy_high": [0.82 - abs(t - 0.4) for t in THRESHOLDS],
    }
    tables = [
        Table(name="thresholds", about="", columns={**columns, **changed}),
        Table(name="threshold_accuracy", about="", columns=accuracy),
    ]
    facts: dict[str, MetricFacts] = FAIR_FACTS
    return CheckResult(name="fairness", status="measured", metrics=facts, tables=tables)


def binned(group: str, error: float, rows: float, **where: Scalar) -> Measurement:
    """A calibration error; the bins of few ``rows`` have one or two each."""
    bins = {f"0.{i}": [float(round(rows * i / 10)), rows, rows * (i + 0.5) / 10] for i in range(10)}
    return Measurement(
        metric="performance.calibration_error",
        value=error,
        ci=(error / 2, 2 * error),
        n=int(10 * rows),
        method="calibration-bins",
        counts=bins,
        where={"attribute": "race", "group": group, **where},
    )


def calibrated() -> CheckResult:
    """Return the performance check with forty groups and a privileged one."""
    names = ["White", *MANY]
    found = [binned(name, 0.01 * (i + 1), 100.0 if i else 2.0) for i, name in enumerate(names)]
    return CheckResult(name="performance", status="measured", metrics=FACTS, measurements=found)


def rule() -> RuleResult:
    """A rule on the disparate impact of sex."""
    where: dict[str, Scalar] = {"attribute": "sex", "unprivileged": "Female", "privileged": "Male"}
    return RuleResult(
        id="fairness.disparate_impact[attribute=sex]",
        metric="fairness.disparate_impact",
        where={"attribute": "sex"},
        limit={"at_least": 0.8, "at_most": 1.25},
        status="fail",
        reason="it does not hold",
        measurements=[
            Measurement(metric="fairness.disparate_impact", value=0.65, n=9, method="none", where=where)
        ],
    )


def over_thresholds() -> Report:
    """A report with both, and with hostile names."""
    groups = [GroupFacts(attribute="race", privileged=["White"], rows={"White": 20})]
    hostile = replace(swept({text: list(HOSTILE) for text in HOSTILE[:2]}), name="hostile")
    base = small()
    return replace(
        base,
        rules=[rule()],
        checks=[calibrated(), swept(), hostile],
        data=replace(base.data, groups=groups),
    )
