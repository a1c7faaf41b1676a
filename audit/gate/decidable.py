"""Which rules the rows at hand are too few for, even where nothing is wrong with the model."""

from __future__ import annotations

from audit.gate.attainable import best_of, conditions
from audit.gate.claims import finding
from audit.gate.scaled_counts import Part
from audit.policy.model import Rule
from audit.result import Measurement
from audit.stats import interval

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
