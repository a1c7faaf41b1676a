"""Measurements as metrics of MLflow, whose names may hold letters, digits and ``_ . : / -`` and spaces only."""

import math
import re
from collections.abc import Iterable

from audit.result import Measurement

_NOT_IN_A_NAME = re.compile(r"[^\w. :/-]", re.ASCII)
_MOST_CHARACTERS = 250  # MLflow's limit


def metric_name(measurement: Measurement) -> str:
    """Return metric and ``where`` as in ``fairness.disparate_impact attribute:sex unprivileged:Female``."""
    where = [f"{key}:{value}" for key, value in sorted(measurement.where.items())]
    text = _NOT_IN_A_NAME.sub("_", " ".join([measurement.metric, *where]))
    return text[:_MOST_CHARACTERS].rstrip(" ./")


def metrics(measurements: Iterable[Measurement]) -> dict[str, float]:
    """Return the finite values by name; names that would be the same are numbered from the second on."""
    values: dict[str, float] = {}
    for measurement in measurements:
        if math.isfinite(measurement.value):
            values[_unused(metric_name(measurement), values)] = float(measurement.value)
    return values


def _unused(name: str, names: Iterable[str]) -> str:
    unused = name
    number = 1
    while unused in names:
        number += 1
        unused = f"{name[: _MOST_CHARACTERS - 8]} {number}"
    return unused
