"""The most favourable measurement attainable with these sample sizes, to detect rules that are underpowered.

Even a perfect model could not pass such a rule on these rows.
"""

import math

from audit.gate.claims import finding
from audit.gate.sample_size import GrowableRows, denominator
from audit.policy.gate_spec import Rule
from audit.result import Measurement
from audit.stats import interval
from audit.stats.methods import method_named
from audit.stats.proportion_methods import pooled_rates

_ANY_CONFIDENCE = 0.5  # whether there is an interval does not depend on it
_UNLIMITED_GROWTH = 1e9  # where so many times the rows would not do, no number does
_EFFECTIVE_SHARE = 0.99  # rows that count as a smaller share of themselves than this are reported so


def attainable_best(rule: Rule, measurement: Measurement, ideal: float | None) -> Measurement | None:
    """Return the best that these rows could measure; None where it is unknown, or breaks the rule."""
    low, high = rule.bounds
    counts = measurement.counts
    method = method_named(measurement.method)
    case = method.best_case
    if case is None or not rule.is_absolute or not counts:
        return None
    if method.counts.shape != "bins" and not all(denominator(row) > 0 for row in counts.values()):
        return None
    if case.signed and (math.isinf(low) or math.isinf(high)):
        return None
    target = _target(low, high, ideal) if case.at_equality is None else case.at_equality
    best = case.at_value(measurement, target)
    bounded = interval(best, _ANY_CONFIDENCE) is not None
    return best if bounded and low <= best.value <= high else None


def _target(low: float, high: float, ideal: float | None) -> float:
    """Return the value in [0, 1] to ask at: the ideal between the limits, an end that they leave open, their middle."""
    if ideal is not None and low < ideal < high:
        return ideal
    if high >= 1.0:
        return 1.0
    return 0.0 if low <= 0.0 else (low + high) / 2.0


def _conditions(best: Measurement) -> str:
    """Return the assumption behind a measurement of `attainable_best`."""
    case = method_named(best.method).best_case
    if case and case.at_equality is not None:
        rates = sorted(f"{rate:.2g}" for rate in pooled_rates(best.counts).values())
        return f"with equal rates of {' and '.join(rates)}"
    return f"at a value of {best.value:.2g}"


def underpowered(
    rule: Rule, measurement: Measurement, confidence: float, ideal: float | None = None
) -> str | None:
    """Return why ``rule`` could not hold on these rows even at the best value; None where it could.

    The best value of a comparison is that of two groups alike, at the rate of both together; of other metrics it is
    the ideal where the limits allow it, else the end of their range or the middle between two limits. As many rows as
    were measured are assumed to show it. None as well where it holds already, and where the best value is unknown: of
    means, whose spread there is not known, of methods that are not known here, of one limit on a comparison, from
    which groups that differ may lie further than groups alike, and of rules that the best value breaks.

    ``counts`` of the measurement hold the numbers of rows, and of comparisons also the rate of both groups.
    """
    best = attainable_best(rule, measurement, ideal)
    if best is None or _holds(rule, best, confidence) or _holds(rule, measurement, confidence):
        return None
    never = never_attainable(rule, measurement, confidence, ideal)
    return None if never else f"{_rows(measurement)}, too few even {_conditions(best)}"


def never_attainable(
    rule: Rule, measurement: Measurement, confidence: float, ideal: float | None = None
) -> bool:
    """Return whether ``rule`` would not hold at the best value with any number of rows: it equals a limit."""
    best = attainable_best(rule, measurement, ideal)
    if best is None or _holds(rule, measurement, confidence):
        return False
    return not _holds(rule, GrowableRows(best, ()).grown(_UNLIMITED_GROWTH), confidence)


def _holds(rule: Rule, measurement: Measurement, confidence: float) -> bool:
    return finding(measurement.value, interval(measurement, confidence), *rule.bounds) == "holds"


def _rows(measurement: Measurement) -> str:
    """Return the number of rows in words, and their effective number where it is clearly smaller."""
    rows = f"{measurement.rows:,} rows"
    share = sum(map(denominator, measurement.counts.values())) / measurement.n
    if share >= _EFFECTIVE_SHARE:
        return rows
    return f"{rows}, which count as about {share * measurement.rows:,.0f} because of weights or clusters"
