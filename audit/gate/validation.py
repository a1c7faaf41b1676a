"""Consistency of a measurement's numbers: no rule is decided on those that contradict each other."""

import math
from collections.abc import Iterator, Mapping, Sequence

from audit.errors import AuditError
from audit.result import Baseline, Measurement
from audit.stats.methods import EXACT, method_named

_VALUE_ROUNDING = 1e-6
_ROUNDING = 1.0 + 1e-6  # effective counts come from sums of weights


def require_consistent(measurement: Measurement) -> Measurement:
    """Return the measurement unchanged.

    Numbers that are not finite contradict nothing: they are undecided, and no sign of damage.

    Raises:
        AuditError: its numbers cannot be true together, such as more events than trials.
    """
    return _require_none(measurement, _contradictions(measurement))


def require_value_of_counts(measurement: Measurement) -> Measurement:
    """Return the measurement, whose counts have the names that its method needs, unchanged.

    Raises:
        AuditError: its value is not the weighted sum of proportions that its method makes it.
    """
    return _require_none(measurement, _between_value_and_counts(measurement))


def _require_none(measurement: Measurement, contradictions: Iterator[str]) -> Measurement:
    if contradiction := next(contradictions, None):
        raise AuditError(
            where=f"{measurement.metric} {measurement.where}",
            expected="consistent numbers",
            found=contradiction,
            fix="run the audit again; if the error persists, report it to the author of the check",
        )
    return measurement


def _contradictions(m: Measurement) -> Iterator[str]:
    if not 0 <= m.rows <= m.n:
        yield f"{m.rows} of {m.n} rows in the smallest denominator"
    if m.se is not None and m.se < 0:
        yield f"a standard error of {m.se:g}"
    yield from _reversed(m.ci)
    if m.method == EXACT.name and (m.ci is not None or m.se is not None):
        yield "an exact value with an interval or a standard error"
    if method_named(m.method).counts.shape == "proportions":
        yield from _in_proportions(m)
    if m.baseline:
        yield from _in_baseline(m, m.baseline)


def _between_value_and_counts(m: Measurement) -> Iterator[str]:
    """Yield a value that the counts contradict; a weighted sum of no trials is undefined, and contradicts nothing."""
    weights = method_named(m.method).pairing.weights
    if not (weights and m.counts and math.isfinite(m.value)):
        return
    factors = weights(m.counts.keys())
    terms = [(factors[name], events, trials) for name, (events, trials) in m.counts.items()]
    if not all(trials > 0 and math.isfinite(events / trials) for _, events, trials in terms):
        return
    follows = sum(factor * events / trials for factor, events, trials in terms)
    if abs(follows - m.value) > _VALUE_ROUNDING:
        yield f"a value of {m.value:g}, where its counts give {follows:g}"


def _reversed(span: tuple[float, float] | None) -> Iterator[str]:
    if span is not None and span[0] > span[1]:
        yield f"an interval from {span[0]:g} to {span[1]:g}"


def _in_proportions(m: Measurement) -> Iterator[str]:
    """Yield contradictions in proportions of a measurement's rows, whose effective number is never larger."""
    yield from _events(m.counts, 1)
    trials = [trials for _, trials in m.counts.values()]  # what is no pair was found before
    if trials and (min(trials) > m.rows * _ROUNDING or max(trials) > m.n * _ROUNDING):
        yield f"proportions of {min(trials):g} to {max(trials):g} rows, out of {m.rows} to {m.n}"


def _events(counts: Mapping[str, Sequence[float]], kinds: int) -> Iterator[str]:
    """Yield contradictions in counts of so many kinds of events, and their trials."""
    for row in counts.values():
        *events, trials = row or [math.nan]
        if len(events) != kinds:
            yield f"{len(row)} numbers instead of {kinds + 1}"
        elif min(events) < 0 or sum(events) > trials * _ROUNDING:
            yield f"{' and '.join(f'{number:g}' for number in events)} events of {trials:g}"


def _in_baseline(m: Measurement, baseline: Baseline) -> Iterator[str]:
    """Yield contradictions in a baseline, and between it and the candidate."""
    yield from _reversed(baseline.ci)
    yield from _reversed(baseline.improvement_ci)
    yield from _events(baseline.discordant, 2)
    if method_named(baseline.method).counts.shape == "proportions":
        yield from _events(baseline.counts, 1)
    if baseline.correlation is not None and abs(baseline.correlation) > _ROUNDING:
        yield f"a correlation of {baseline.correlation:g}"
    if baseline.identical and abs(m.value - baseline.value) > 0:
        yield f"{m.value:g} and {baseline.value:g} for the same model"
