"""Checks with plausible numbers, for the sample reports."""

from __future__ import annotations

from collections.abc import Sequence

from audit.formats.html.score_charts import TABLES
from audit.result import (
    CheckResult,
    Measurement,
    MetricFacts,
    Scalar,
    Table,
)

CONFUSION = TABLES["confusion"]
HISTOGRAM = TABLES["score_histogram"]
ROC = (
    "threshold",
    "chosen",
    "false_positive_rate",
    *(f"{rate}{end}" for rate in ("true_positive_rate", "precision") for end in ("", "_low", "_high")),
)

FACTS = {
    "accuracy": MetricFacts(
        about="Share of rows whose predicted outcome is the label.", low=0, high=1, ideal=1
    ),
    "auc": MetricFacts(about="Chance that a favourable row scores above another row", low=0, high=1, ideal=1),
    "calibration_error": MetricFacts(
        about="Mean distance of prediction and outcome over ten bins.", low=0, ideal=0
    ),
    "rows": MetricFacts(about="Number of rows.", low=0),
}
FAIR_FACTS = {
    "disparate_impact": MetricFacts(
        about="Selection rate of the unprivileged group over that of the privileged group.", low=0, ideal=1
    ),
    "equal_opportunity_difference": MetricFacts(
        about="True positive rate of the unprivileged group minus that of the privileged one.",
        low=-1,
        high=1,
        ideal=0,
    ),
}
GROUPS = {
    "sex": {"Male": 10860, "Female": 5421},
    "race": {
        "White": 13946,
        "Black": 1561,
        "Asian-Pac-Islander": 480,
        "Amer-Indian-Eskimo": 159,
        "Other": 135,
    },
}


def measurement(metric: str, value: float, half: float | None, n: int, **where: Scalar) -> Measurement:
    """One measurement with a symmetric interval; ``half`` None means that it has none."""
    ci = None if half is None else (value - half, value + half)
    method = "exact" if half is None else "clopper-pearson"
    return Measurement(metric=metric, value=value, n=n, ci=ci, method=method, where=dict(where))


def compared(
    metric: str, value: float, half: float, n: int, attribute: str, member: str, smallest: int
) -> Measurement:
    """A measurement of a group against the first group of its attribute."""
    where: dict[str, Scalar] = {
        "attribute": attribute,
        "unprivileged": member,
        "privileged": next(iter(GROUPS[attribute])),
    }
    low = max(value - half, 0) if "impact" in metric else value - half
    return Measurement(
        metric=metric,
        value=value,
        n=n,
        smallest_n=smallest,
        ci=(low, value + half),
        method="mover-ratio" if "impact" in metric else "mover-difference",
        where=where,
    )


def performance() -> CheckResult:
    """Numbers over all rows, per group, and bins of predictions."""
    bins = {
        f"0.{i}-{(i + 1) / 10:.1f}": [float(i * 40 + 15), 400.0 + 10 * i, (i + 0.5) * (40.0 + i)]
        for i in range(10)
    }
    found = [
        measurement("performance.rows", 16281, None, 16281),
        measurement("performance.accuracy", 0.853, 0.006, 16281),
        measurement("performance.auc", 0.9074, 0.005, 16281),
        Measurement(
            metric="performance.calibration_error",
            value=0.0123,
            ci=(0.004, 0.031),
            n=16281,
            method="calibration-bins",
            counts={**bins, "0.9-1.0": [0.0, 0.0, 0.0]},
        ),
    ]
    for attribute, groups in GROUPS.items():
        for i, (group, rows) in enumerate(groups.items()):
            where: dict[str, Scalar] = {"attribute": attribute, "group": group}
            found.append(measurement("performance.accuracy", 0.81 + 0.03 * i, 0.9 / rows**0.5, rows, **where))
    return CheckResult(
        name="performance",
        status="measured",
        summary="How well the scores meet the labels.",
        metrics=FACTS,
        measurements=found,
        tables=score_tables(),
    )


def score_tables() -> list[Table]:
    """Confusion matrices, scores by label and a ROC curve, as the check yields them."""
    groups = [("", ""), ("sex", "Male"), ("sex", "Female")]
    cells = [("no", "no", 80.0), ("no", "yes", 20.0), ("yes", "no", 30.0), ("yes", "yes", 70.0)]
    bins = [(0.0, 0.02, 5.0, 60.0), (0.48, 0.5, 25.0, 20.0), (0.98, 1.0, 70.0, 20.0)]
    roc: list[tuple[Scalar | None, ...]] = [
        (None, False, 0.0, 0.0, 0.0, 0.04, None, None, None),
        (0.5, True, 0.2, 0.7, 0.6, 0.79, 0.78, 0.68, 0.86),
        (0.0, False, 1.0, 1.0, 0.96, 1.0, 0.5, 0.43, 0.57),
    ]
    return [
        as_table("confusion", CONFUSION, [(*group, *cell) for group in groups for cell in cells]),
        as_table("score_histogram", HISTOGRAM, [(*group, *cell) for group in groups for cell in bins]),
        as_table("roc", ROC, roc),
    ]


def as_table(name: str, heads: Sequence[str], rows: Sequence[Sequence[Scalar | None]]) -> Table:
    columns = {head: list(cells) for head, cells in zip(heads, zip(*rows, strict=True), strict=True)}
    return Table(name=name, about="", columns=columns)


def fairness() -> CheckResult:
    """Comparisons of every group with the privileged one."""
    found = []
    for attribute, groups in GROUPS.items():
        for i, (group, rows) in enumerate(groups.items()):
            if i:
                impact = compared(
                    "fairness.disparate_impact",
                    0.51 if attribute == "sex" else 0.78 + 0.09 * i,
                    4 / rows**0.5,
                    16281,
                    attribute,
                    group,
                    rows,
                )
                gap = compared(
                    "fairness.equal_opportunity_difference",
                    -0.12 + 0.04 * i,
                    1.4 / rows**0.5,
                    3846,
                    attribute,
                    group,
                    rows // 4,
                )
                found += [impact, gap]
    return CheckResult(name="fairness", status="measured", metrics=FAIR_FACTS, measurements=found)
