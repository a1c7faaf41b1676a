"""A report whose attribution and attacks are of the size that a real audit comes to, and more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from audit.result import CheckResult, Measurement, Report, Scalar, Table

from .attacked import EPS
from .attacked import FACTS as ATTACK_FACTS
from .attributions import FACTS, table
from .builders import measurement
from .large import GROUPS, large

FEATURES = [f"feature-{i}-of-the-usual-length" for i in range(60)]


def wide() -> Report:
    """`large`, with 60 features, 26 told rows, and four attacks at three sizes on 41 groups."""
    return replace(large(), checks=[*large().checks, explained(FEATURES), _attacked()])


def explained(features: Sequence[str]) -> CheckResult:
    """Return the check `explainability` of these features, the tables as if there were `FEATURES` alone."""
    draw, found = Random(11), []
    for i, name in enumerate(features):
        size = 1 / (i + 1)
        found.append(measurement("explainability.mean_abs_attribution", size, size / 20, 1000, feature=name))
        found.append(measurement("explainability.attribution_share", size / 5, size / 90, 1000, feature=name))
        found.append(
            measurement("explainability.attribution_direction", draw.uniform(-1, 1), 0.04, 1000, feature=name)
        )
    return CheckResult(
        name="explainability",
        status="measured",
        metrics=FACTS,
        measurements=found,
        tables=[_beeswarm(draw), _dependence(draw), _local(draw)],
    )


def _beeswarm(draw: Random) -> Table:
    rows: list[list[Scalar | None]] = [
        [name, low / 10, low / 10 + 0.1, draw.randrange(1, 300), draw.random()]
        for name in FEATURES
        for low in range(-20, 20)
    ]
    return table("beeswarm", rows, "feature", "low", "high", "rows", "value")


def _dependence(draw: Random) -> Table:
    rows: list[list[Scalar | None]] = [
        [name, f"{i} to {i + 1}", i, i + 1, 100, mean := draw.gauss(0, 1), mean - 1, mean + 1]
        for name in FEATURES
        for i in range(10)
    ]
    return table("dependence", rows, "feature", "value", "low", "high", "rows", "mean", "p10", "p90")


def _local(draw: Random) -> Table:
    rows: list[list[Scalar | None]] = [
        [case, "race*age: some group", case, 0.4, "favourable", "unfavourable", -1.2, 0.4, name, "17 to 25",
         draw.gauss(0, 1), 0.01]
        for case in range(26)
        for name in [*FEATURES[:10], "50 other features"]
    ]  # fmt: skip
    return table(
        "local", rows, "case", "why", "row", "score", "label", "predicted", "base", "output", "feature", "value",
        "attribution", "error",
    )  # fmt: skip


def _attacked() -> CheckResult:
    everyone: list[dict[str, Scalar]] = [{}]
    everyone += [{"attribute": a, "group": g} for a, groups in GROUPS.items() for g in groups]
    found = [measurement("robustness.clean_accuracy", 0.85, 0.01, 900, **who) for who in everyone]
    for attack in ("noise", "fgsm", "pgd", "worst"):
        for eps in EPS:
            for who in everyone:
                found += _pair({"attack": attack, "norm": "inf", "eps": eps, **who}, 0.8 - 2 * eps)
    return CheckResult(name="robustness", status="measured", metrics=ATTACK_FACTS, measurements=found)


def _pair(where: dict[str, Scalar], value: float) -> list[Measurement]:
    return [
        measurement("robustness.adversarial_accuracy", value, 0.02, 900, **where),
        measurement("robustness.flip_rate", 1 - value, 0.02, 900, **where),
    ]
