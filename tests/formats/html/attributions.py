"""A check of attribution with plausible numbers and all its tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from audit.result import CheckResult, Measurement, MetricFacts, Scalar, Table

from .builders import measurement

FACTS = {
    "mean_abs_attribution": MetricFacts(about="Mean size of the feature's attribution.", low=0),
    "attribution_share": MetricFacts(about="Share of all attribution.", low=0, high=1),
    "attribution_direction": MetricFacts(about="Rank correlation of value and attribution.", low=-1, high=1),
    "protected_share": MetricFacts(about="Share of the columns of an attribute.", low=0, high=1),
    "largest_share": MetricFacts(about="The largest share of all features.", low=0, high=1),
    "proxy_auc": MetricFacts(about="AUC of the other features.", low=0, high=1, ideal=0.5),
    "proxy_strength": MetricFacts(about="AUC of one feature.", low=0, high=1, ideal=0.5),
    "additivity_error": MetricFacts(about="Largest gap between sum and output.", low=0, ideal=0),
    "rank_stability": MetricFacts(about="Rank correlation of two halves.", low=-1, high=1, ideal=1),
}
SIZES = {
    "marital-status": 0.9,
    "capital-gain": 0.84,
    "age": 0.61,
    "education-num": 0.52,
    "sex": 0.25,
    "race": 0.08,
}
DIRECTIONS = {"capital-gain": (0.62, 0.03), "age": (0.93, 0.02), "education-num": (-0.31, 0.04)}
VALUES = {
    "marital-status": ["Married-civ-spouse", "Never-married", "Divorced", "4 others"],
    "sex": ["Male", "Female"],
    "race": ["White", "Black", "3 others"],
}
EDGES = {
    "capital-gain": [0.0, 1.0, 3000.0, 7000.0, 99999.0],
    "age": [17.0, 25.0, 32.0, 38.0, 45.0, 53.0, 90.0],
    "education-num": [1.0, 9.0, 10.0, 13.0, 16.0],
}


def table(name: str, rows: Sequence[Sequence[Scalar | None]], *columns: str) -> Table:
    """A table from its rows."""
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return Table(
        name=name,
        about=f"The table {name}.",
        columns={c: list(v) for c, v in zip(columns, cells, strict=True)},
    )


def explainability() -> CheckResult:
    """Six features, three of them texts, two of them protected."""
    return CheckResult(
        name="explainability",
        status="measured",
        summary="What the score is made of.",
        metrics=FACTS,
        measurements=[*_whole(), *_features(), *_shares(), *_proxies()],
        notes=["The output is explained as the logit of the favourable outcome."],
        tables=[_beeswarm(), _dependence(), _local(), _protected(), _strengths()],
    )


def _whole() -> list[Measurement]:
    return [
        measurement("explainability.largest_share", 0.9 / 3.2, 0.006, 1000),
        measurement("explainability.additivity_error", 2e-7, None, 1000),
        measurement("explainability.rank_stability", 0.98, 0.01, 1000),
    ]


def _features() -> list[Measurement]:
    found, total = [], sum(SIZES.values())
    for name, size in SIZES.items():
        found.append(measurement("explainability.mean_abs_attribution", size, 0.02, 1000, feature=name))
        found.append(measurement("explainability.attribution_share", size / total, 0.006, 1000, feature=name))
        if name in DIRECTIONS:
            value, half = DIRECTIONS[name]
            found.append(measurement("explainability.attribution_direction", value, half, 1000, feature=name))
    return found


def _shares() -> list[Measurement]:
    return [
        measurement("explainability.protected_share", 0.078, 0.004, 1000, attribute="sex"),
        measurement("explainability.protected_share", 0.025, 0.003, 1000, attribute="race"),
    ]


PROXIES = {
    "sex": (
        0.912,
        {"marital-status": 0.84, "capital-gain": 0.58, "age": 0.55, "education-num": 0.51, "race": 0.5},
    ),
    "race": (0.61, {"marital-status": 0.57, "sex": math.nan}),
}
"""Of each attribute the AUC of all other features, and of each alone, out of order."""


def _proxies() -> list[Measurement]:
    found = []
    for attribute, (together, alone) in PROXIES.items():
        found.append(measurement("explainability.proxy_auc", together, 0.01, 5000, attribute=attribute))
        for name, auc in reversed(alone.items()):
            found.append(
                measurement(
                    "explainability.proxy_strength", auc, 0.02, 10_000, attribute=attribute, feature=name
                )
            )
    return found


def _strengths() -> Table:
    total = sum(SIZES.values())
    rows: list[list[Scalar | None]] = [
        [a, f, auc, SIZES[f] / total] for a, (_, alone) in PROXIES.items() for f, auc in alone.items()
    ]
    return table("proxies", rows, "attribute", "feature", "auc", "share")


def _beeswarm() -> Table:
    rows: list[list[Scalar | None]] = []
    for name, size in SIZES.items():
        for i in range(-12, 20):
            count = round(400 * math.exp(-((i / 4 - 0.6) ** 2)))
            value = None if name in VALUES else (i + 12) / 32 if name != "education-num" else (20 - i) / 32
            if count:
                rows.append([name, i * size / 6, (i + 1) * size / 6, count, value])
    return table("beeswarm", rows, "feature", "low", "high", "rows", "value")


def _dependence() -> Table:
    rows: list[list[Scalar | None]] = []
    for name, size in SIZES.items():
        for i, value in enumerate(VALUES.get(name, [])):
            rows.append(
                [name, value, None, None, 900 - 100 * i, size * (1 - i), size * (0.7 - i), size * (1.4 - i)]
            )
        edges = EDGES.get(name, [])
        for i, (low, high) in enumerate(pairwise(edges)):
            mean = size * (i - 1.5)
            rows.append([name, f"{low:,.0f} to {high:,.0f}", low, high, 300, mean, mean - 0.3, mean + 0.4])
    return table("dependence", rows, "feature", "value", "low", "high", "rows", "mean", "p10", "p90")


CASES: list[tuple[str, int | None, float, str, str, float]] = [
    ("confident error", 812, 0.03, "favourable", "unfavourable", -3.4),
    ("confident error", 4011, 0.97, "unfavourable", "favourable", 3.4),
    ("borderline decision", 77, 0.51, "favourable", "favourable", 0.04),
    ("sex: Female", None, 0.12, "unfavourable", "unfavourable", -2.0),
    ("sex: Male", None, 0.44, "unfavourable", "unfavourable", -0.25),
]
PARTS = {
    "marital-status": ("Never-married", 0.55),
    "age": ("17 to 25", 0.4),
    "capital-gain": ("0", -0.15),
    "3 other features": ("", 0.2),
}


def _local() -> Table:
    rows: list[list[Scalar | None]] = []
    for number, (why, row, score, label, predicted, output) in enumerate(CASES):
        for name, (value, share) in PARTS.items():
            amount = share * (output + 1.2)
            rows.append([number, why, row, score, label, predicted, -1.2, output, name, value, amount, 0.012])
    return table(
        "local", rows, "case", "why", "row", "score", "label", "predicted", "base", "output", "feature", "value",
        "attribution", "error",
    )  # fmt: skip


def _protected() -> Table:
    return table(
        "protected",
        [["sex", "sex", "its own column"], ["race", "race", "its own column"]],
        "attribute",
        "column",
        "how",
    )
