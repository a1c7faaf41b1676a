"""The best that the rows at hand could measure, if nothing were wrong with the model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from audit.policy.model import Rule
from audit.result import Measurement
from audit.stats import interval

_ANY = 0.5
"""A confidence: whether there is an interval does not hang on it."""


def best_of(rule: Rule, measurement: Measurement, ideal: float | None) -> Measurement | None:
    """Return the best that these rows could measure; None where it cannot be told, or breaks the rule."""
    low, high = rule.bounds
    counts, method = measurement.counts, measurement.method
    if not rule.is_absolute or not counts or (method != "calibration-bins" and not _filled(counts)):
        return None
    if method in _SIGNED and (math.isinf(low) or math.isinf(high)):
        return None
    make = _ALONE.get(method)
    if (alike := _ALIKE.get(method)) is not None:
        best = replace(measurement, value=alike, counts=_pooled(counts))
    elif make is not None:
        best = make(measurement, _target(low, high, ideal))
    else:
        return None
    bounded = interval(best, _ANY) is not None
    return best if bounded and low <= best.value <= high else None


def _filled(counts: Mapping[str, list[float]]) -> bool:
    return all(row[min(1, len(row) - 1)] > 0 for row in counts.values())


def _share(measurement: Measurement, target: float) -> Measurement:
    counts = {name: [target * rows, rows] for name, (_, rows) in measurement.counts.items()}
    return replace(measurement, value=target, counts=counts)


def _area(measurement: Measurement, target: float) -> Measurement:
    return replace(measurement, value=target, se=None)


def _calibrated(measurement: Measurement, target: float) -> Measurement:
    counts = {name: [scores, rows, scores] for name, (_, rows, scores) in measurement.counts.items()}
    return replace(measurement, value=0.0, counts=counts)


_ALIKE: Mapping[str, float] = {
    "mover-difference": 0.0,
    "mover-ratio": 1.0,
    "average-odds-difference": 0.0,
    "average-abs-odds-difference": 0.0,
    "equalized-odds-difference": 0.0,
}
"""What a comparison is between groups that are alike, by method."""

_SIGNED = frozenset({"mover-difference", "mover-ratio", "average-odds-difference"})
"""Comparisons of which groups alike are the middle: on either side of it one group is ahead."""

_ALONE: Mapping[str, Callable[[Measurement, float], Measurement]] = {
    "clopper-pearson": _share,
    "mover-mean": _share,
    "delong": _area,
    "calibration-bins": _calibrated,
}


def _target(low: float, high: float, ideal: float | None) -> float:
    """Return the value in [0, 1] to ask at: the ideal between the limits, an end that they leave open, their middle."""
    if ideal is not None and low < ideal < high:
        return ideal
    if high >= 1.0:
        return 1.0
    return 0.0 if low <= 0.0 else (low + high) / 2.0


def _pooled(counts: Mapping[str, list[float]]) -> dict[str, list[float]]:
    """Return the counts of two groups that both have the rate of all their rows."""
    rates = dict(_rates(counts))
    return {name: [rates[_what(name)] * rows, rows] for name, (_, rows) in counts.items()}


def _rates(counts: Mapping[str, list[float]]) -> Iterator[tuple[str, float]]:
    for what in {_what(name) for name in counts}:
        rows = [row for name, row in counts.items() if _what(name) == what]
        yield what, sum(events for events, _ in rows) / sum(total for _, total in rows)


def _what(name: str) -> str:
    """Return the rate that a count is of: ``true_positive`` of ``unprivileged_true_positive``."""
    return name.removeprefix("un").removeprefix("privileged").removeprefix("_")


def conditions(best: Measurement) -> str:
    """Return what is assumed of a measurement of `best_of`, in words."""
    if best.method in _ALIKE:
        rates = sorted(f"{rate:.2g}" for _, rate in _rates(best.counts))
        return f"for equal rates of {' and '.join(rates)}"
    return f"at a value of {best.value:.2g}"
