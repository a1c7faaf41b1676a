"""Which rules the rows at hand are too few for, even where nothing is wrong with the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from audit.claims import finding
from audit.policy.model import Rule
from audit.result import Measurement
from audit.stats import interval


def too_few(rule: Rule, measurement: Measurement, confidence: float) -> str | None:
    """Return why ``rule`` could not hold on these rows even at the best value; None where it could.

    The best value of a comparison is that of two groups alike, at the rate of both together; of other metrics it is
    the end of their range or the middle between two limits. As many rows as were measured are assumed to show it.
    None as well where it cannot be told: of means, whose spread at the best value nobody knows, of methods that are
    not known here, and of rules that the best value breaks.

    Args:
        rule: one that limits the value itself.
        measurement: its ``counts`` say how many rows there are; of comparisons also the rate of both groups.
        confidence: of the two-sided interval, in (0, 1).
    """
    best = _best(measurement, *rule.bounds) if rule.is_absolute else None
    if best is None:
        return None
    span = interval(best, confidence)
    inside = rule.bounds[0] <= best.value <= rule.bounds[1]
    if span is None or not inside or finding(best.value, span, *rule.bounds) == "holds":
        return None
    return f"{measurement.rows:,} rows: too few even {_at(best)}"


def _best(measurement: Measurement, low: float, high: float) -> Measurement | None:
    counts, target = measurement.counts, _target(low, high)
    if not counts or (measurement.method != "calibration-bins" and not _filled(counts)):
        return None
    if (alike := _ALIKE.get(measurement.method)) is not None:
        return replace(measurement, value=alike, counts=_pooled(counts))
    make = _ALONE.get(measurement.method)
    return make(measurement, target) if make else None


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

_ALONE: Mapping[str, Callable[[Measurement, float], Measurement]] = {
    "clopper-pearson": _share,
    "mover-mean": _share,
    "delong": _area,
    "calibration-bins": _calibrated,
}


def _target(low: float, high: float) -> float:
    """Return the value in [0, 1] from which the limits are furthest: an end that they leave open, or their middle."""
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


def _at(best: Measurement) -> str:
    if best.method in _ALIKE:
        rates = sorted(f"{rate:.2g}" for _, rate in _rates(best.counts))
        return f"for equal rates of {' and '.join(rates)}"
    return f"at a value of {best.value:.2g}"
