"""Reports of many classes, and of many groups."""

from __future__ import annotations

from dataclasses import replace

from audit.result import CheckResult, GroupFacts, Report

from .builders import CONFUSION, as_table, fairness, measurement, performance
from .samples import full, small

CLASSES = 12
GROUPS = 200


def many_classes() -> Report:
    """`full`, with a confusion matrix of 12 classes."""
    performance_, *others = full().checks
    names = [f"class {i} of the usual length" for i in range(CLASSES)]
    cells = [("", "", a, b, 900.0 if a == b else 37.0 * (i % 3)) for a in names for i, b in enumerate(names)]
    tables = [as_table("confusion", CONFUSION, cells), *performance_.tables[1:]]
    return replace(full(), checks=[replace(performance_, tables=tables), *others])


def many_groups() -> Report:
    """`small`, with an attribute of 200 groups."""
    regions = {f"region {i:03}": 20 + i for i in range(GROUPS)}
    data = replace(
        small().data,
        groups=[
            *small().data.groups,
            GroupFacts(attribute="region", privileged=["region 000"], rows=regions),
        ],
    )
    return replace(small(), data=data, checks=[_scored(regions), fairness(), *small().checks[2:]])


def _scored(regions: dict[str, int]) -> CheckResult:
    added = [
        measurement(f"performance.{metric}", 0.6, 0.1, rows, attribute="region", group=name)
        for name, rows in regions.items()
        for metric in ("accuracy", "selection_rate", "true_positive_rate", "false_positive_rate")
    ]
    return replace(performance(), measurements=[*performance().measurements, *added])
