"""Measurements with their intervals recomputed at another confidence."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from audit.errors import AuditError
from audit.result import Measurement
from audit.stats.interval_method import Interval
from audit.stats.measurement_intervals import interval, is_known
from audit.stats.paired_intervals import improvement, of_baseline, paired_interval


def at_confidence(measurement: Measurement, confidence: float, reported: float) -> Measurement:
    """Return the measurement with its intervals at ``confidence``; None where they are unknown.

    ``reported`` is the confidence of the measurement's own intervals, for methods that are not known here.

    Raises:
        AuditError: it lacks the counts that its method needs (a damaged report).
    """
    baseline = measurement.baseline
    try:
        ci = _interval(measurement, measurement.ci, confidence, reported)
        if baseline is None:
            return replace(measurement, ci=ci)
        paired = None
        known = is_known(measurement.method) and is_known(baseline.method)
        if known and _is_finite(measurement.counts, baseline.counts, baseline.discordant):
            paired = paired_interval(measurement, confidence)
        computed = replace(
            baseline,
            ci=_interval(of_baseline(measurement, baseline), baseline.ci, confidence, reported),
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
    return replace(measurement, ci=ci, baseline=computed)


def _interval(
    measurement: Measurement, reported_ci: Interval | None, confidence: float, reported: float
) -> Interval | None:
    if is_known(measurement.method):
        return interval(measurement, confidence) if _is_finite(measurement.counts) else None
    return reported_ci if confidence == reported else None


def _is_finite(*tables: Mapping[str, Sequence[float]]) -> bool:
    return all(math.isfinite(number) for table in tables for row in table.values() for number in row)
