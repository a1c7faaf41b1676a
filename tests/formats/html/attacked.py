"""A check of robustness with plausible numbers and both its tables."""

from __future__ import annotations

from audit.result import CheckResult, Measurement, MetricFacts, Scalar, Table

from .attributions import table
from .builders import GROUPS, measurement

FACTS = {
    "clean_accuracy": MetricFacts(about="Accuracy without an attack.", low=0, high=1, ideal=1),
    "adversarial_accuracy": MetricFacts(about="Accuracy under attack.", low=0, high=1, ideal=1),
    "flip_rate": MetricFacts(about="Share of rows whose decision changes.", low=0, high=1, ideal=0),
    "zero_gradient_share": MetricFacts(about="Share of rows without a gradient.", low=0, high=1, ideal=0),
}
EPS = (0.05, 0.1, 0.2)
CLEAN = 0.853
ACCURACY = {
    "noise": (0.852, 0.851, 0.846),
    "fgsm": (0.741, 0.602, 0.311),
    "pgd": (0.738, 0.561, 0.172),
    "worst": (0.737, 0.561, 0.171),
}


def robustness() -> CheckResult:
    """Four attacks at three sizes, over all rows and by group."""
    found = [measurement("robustness.clean_accuracy", CLEAN, 0.005, 16281)]
    for attack, values in ACCURACY.items():
        for eps, value in zip(EPS, values, strict=True):
            found += _pair(attack, eps, value, 16281)
    for attribute, groups in GROUPS.items():
        for i, (group, rows) in enumerate(groups.items()):
            found += _of_group(attribute, group, rows, i)
    found += [
        measurement("robustness.zero_gradient_share", 0.003, 0.001, 16281, attack="fgsm"),
        measurement("robustness.zero_gradient_share", 0.0021, 0.0008, 16281, attack="pgd"),
    ]
    return CheckResult(
        name="robustness",
        status="measured",
        summary="How accuracy falls under attack.",
        metrics=FACTS,
        measurements=found,
        tables=[_flips(), _columns()],
    )


def _pair(attack: str, eps: float, value: float, rows: int, **who: Scalar) -> list[Measurement]:
    where: dict[str, Scalar] = {"attack": attack, "norm": "inf", "eps": eps, **who}
    half = 0.8 / rows**0.5
    accuracy = measurement("robustness.adversarial_accuracy", value, half, rows, **where)
    return [accuracy, measurement("robustness.flip_rate", 0.9 - value, half, rows, **where)]


def _of_group(attribute: str, group: str, rows: int, i: int) -> list[Measurement]:
    who: dict[str, Scalar] = {"attribute": attribute, "group": group}
    found = [measurement("robustness.clean_accuracy", 0.8 + 0.03 * i, 0.8 / rows**0.5, rows, **who)]
    for attack, values in ACCURACY.items():
        for eps, value in zip(EPS, values, strict=True):
            found += _pair(attack, eps, value - 0.04 + 0.025 * i, rows, **who)
    return found


def _flips() -> Table:
    columns = (
        "case", "why", "row", "attack", "eps", "size", "score_before", "score_after", "feature", "before", "after",
        "change", "deviations",
    )  # fmt: skip
    return table(
        "flips",
        [
            [0, "smallest change", 77, "pgd", 0.05, 0.041, 0.51, 0.49, "age", "39", "38", -1, -0.041],
            [
                1,
                "most confident decision",
                903,
                "fgsm",
                0.1,
                0.09,
                0.46,
                0.53,
                "education-num",
                "10",
                "10.23",
                0.23,
                0.09,
            ],
            [
                1,
                "most confident decision",
                903,
                "fgsm",
                0.1,
                0.09,
                0.46,
                0.53,
                "capital-gain",
                "0",
                "671",
                671,
                0.09,
            ],
            *[
                [
                    i,
                    "smallest change",
                    None,
                    "pgd",
                    0.2,
                    0.1 + i / 100,
                    0.4,
                    0.6,
                    "age",
                    "20 to 30",
                    "30 to 40",
                    i,
                    i / 13,
                ]
                for i in range(2, 8)
            ],
        ],
        *columns,
    )


def _columns() -> Table:
    return table(
        "columns",
        [
            ["age", True, "", 13.2, 17, 90, True, 0.12],
            ["capital-gain", True, "", 7452.1, 0, 99999, False, 0.31],
            ["education-num", True, "", 2.57, 1, 16, True, 0.044],
            ["sex", False, "text", None, None, None, False, None],
            ["race", False, "text", None, None, None, False, None],
            ["hours-per-week", False, "immutable", 12.1, 1, 99, True, None],
        ],
        "feature", "moved", "why", "unit", "low", "high", "integer", "alone",
    )  # fmt: skip
