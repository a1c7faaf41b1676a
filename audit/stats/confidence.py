"""A measurement's intervals at another confidence than the one that they were reported at."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from audit.errors import AuditError
from audit.result import Measurement
from audit.stats.measurement_intervals import interval, is_known
from audit.stats.methods import Interval
from audit.stats.paired_intervals import improvement, paired_interval


def at_confidence(measurement: Measurement, confidence: float, reported: float) -> Measurement:
    """Return the measurement with its intervals at ``confidence``; None where that cannot be told.

    Args:
        measurement: as reported.
        confidence: of the policy.
        reported: the confidence of the measurement's own intervals, for methods that are not known here.

    Raises:
        AuditError: it lacks the counts that its method needs (a damaged report).
    """
    baseline = measurement.baseline
    try:
        own = _interval(measurement, measurement.ci, confidence, reported)
        if baseline is None:
            return replace(measurement, ci=own)
        as_other = replace(
            measurement, value=baseline.value, method=baseline.method, counts=baseline.counts, se=baseline.se
        )
        paired = None
        known = is_known(measurement.method) and is_known(baseline.method)
        if known and _is_finite(measurement.counts, baseline.counts, baseline.discordant):
            paired = paired_interval(measurement, confidence)
        computed = replace(
            baseline,
            ci=_interval(as_other, baseline.ci, confidence, reported),
            improvement=improvement(measurement),
            improvement_ci=paired,
        )
    except (KeyError, IndexError, ValueError):
        raise AuditError(
            where=f"{measurement.metric} {measurement.where}",
            expected=f"the counts that the method {measurement.method!r} is computed from",
            found=f"{measurement.counts}",
            fix="run the audit again",
        ) from None
    return replace(measurement, ci=own, baseline=computed)


def _interval(
    measurement: Measurement, given: Interval | None, confidence: float, reported: float
) -> Interval | None:
    if is_known(measurement.method):
        return interval(measurement, confidence) if _is_finite(measurement.counts) else None
    return given if confidence == reported else None


def _is_finite(*tables: Mapping[str, Sequence[float]]) -> bool:
    """Tell whether all that intervals are made from are numbers."""
    return all(math.isfinite(number) for table in tables for row in table.values() for number in row)
