"""The best that the rows at hand could measure, and the rules that they are too few for even then."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from audit.gate.claims import finding
from audit.gate.scaled_counts import Part
from audit.policy.gate_spec import Rule
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


_BOUNDLESS = 1e9
"""Times the rows at hand: where as many would not do, none do."""
_EFFECTIVE = 0.99
"""Rows that count as a smaller share of themselves than this are said to."""


def too_few(
    rule: Rule, measurement: Measurement, confidence: float, ideal: float | None = None
) -> str | None:
    """Return why ``rule`` could not hold on these rows even at the best value; None where it could.

    The best value of a comparison is that of two groups alike, at the rate of both together; of other metrics it is
    the ideal where the limits allow it, else the end of their range or the middle between two limits. As many rows as
    were measured are assumed to show it. None as well where it holds already, and where it cannot be told: of means,
    whose spread at the best value nobody knows, of methods that are not known here, of one limit on a comparison,
    from which groups that differ may lie further than groups alike, and of rules that the best value breaks.

    Args:
        rule: one that limits the value itself.
        measurement: its ``counts`` say how many rows there are; of comparisons also the rate of both groups.
        confidence: of the two-sided interval, in (0, 1).
        ideal: the metric's ideal value, None if it has none.
    """
    best = best_of(rule, measurement, ideal)
    if best is None or _holds(rule, best, confidence) or _holds(rule, measurement, confidence):
        return None
    if no_rows_do(rule, measurement, confidence, ideal):
        return None
    return f"{_rows(measurement)}: too few even {conditions(best)}"


def no_rows_do(rule: Rule, measurement: Measurement, confidence: float, ideal: float | None = None) -> bool:
    """Tell whether no number of rows would let ``rule`` hold at the best value, which lies on a limit.

    Takes what `too_few` takes.
    """
    best = best_of(rule, measurement, ideal)
    if best is None or _holds(rule, measurement, confidence):
        return False
    return not _holds(rule, Part(best, ()).grown(_BOUNDLESS), confidence)


def _holds(rule: Rule, measurement: Measurement, confidence: float) -> bool:
    return finding(measurement.value, interval(measurement, confidence), *rule.bounds) == "holds"


def _rows(measurement: Measurement) -> str:
    """Return how many rows there are, and where they count for clearly fewer, for how many."""
    rows = f"{measurement.rows:,} rows"
    share = sum(row[min(1, len(row) - 1)] for row in measurement.counts.values()) / measurement.n
    if share >= _EFFECTIVE:
        return rows
    return f"{rows}, which count as about {share * measurement.rows:,.0f} by their weights or clusters"
