"""Whether the numbers of a measurement can be true together: no rule is decided on those that cannot."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from audit.errors import AuditError
from audit.result import Baseline, Measurement

OF_RATES = frozenset(
    {
        "clopper-pearson",
        "clopper-pearson-upper",
        "clopper-pearson-lower",
        "mover-difference",
        "mover-ratio",
        "mover-mean",
        "average-odds-difference",
        "average-abs-odds-difference",
        "equalized-odds-difference",
    }
)
"""Methods whose ``counts`` are (events, trials) of each proportion."""

_ROUNDING = 1.0 + 1e-6  # effective counts come from sums of weights


def require_consistent(measurement: Measurement) -> Measurement:
    """Return the measurement as it is.

    What is not finite contradicts nothing: it is undecided, and no sign of damage.

    Raises:
        AuditError: its numbers cannot be true together, such as more events than trials.
    """
    if amiss := next(_contradictions(measurement), None):
        raise AuditError(
            where=f"{measurement.metric} {measurement.where}",
            expected="numbers that can be true together",
            found=amiss,
            fix="run the audit again; if it says the same, the check that measured this is at fault",
        )
    return measurement


def _contradictions(m: Measurement) -> Iterator[str]:
    if not 0 <= m.rows <= m.n:
        yield f"{m.rows} of {m.n} rows in the smallest denominator"
    if m.se is not None and m.se < 0:
        yield f"a standard error of {m.se:g}"
    yield from _reversed(m.ci)
    if m.method in OF_RATES:
        yield from _of_rates(m)
    if m.baseline:
        yield from _beside(m, m.baseline)


def _reversed(span: tuple[float, float] | None) -> Iterator[str]:
    if span is not None and span[0] > span[1]:
        yield f"an interval from {span[0]:g} to {span[1]:g}"


def _of_rates(m: Measurement) -> Iterator[str]:
    """Yield what cannot be in proportions of a measurement's rows, whose effective number is never larger."""
    yield from _events(m.counts, 1)
    trials = [trials for _, trials in m.counts.values()]  # what is no pair was found before
    if trials and (min(trials) > m.rows * _ROUNDING or max(trials) > m.n * _ROUNDING):
        yield f"proportions of {min(trials):g} to {max(trials):g} rows, out of {m.rows} to {m.n}"


def _events(counts: Mapping[str, Sequence[float]], kinds: int) -> Iterator[str]:
    """Yield what cannot be in rows of so many kinds of events, and their trials."""
    for row in counts.values():
        *events, trials = row or [math.nan]
        if len(events) != kinds:
            yield f"{len(row)} numbers where {kinds + 1} belong"
        elif min(events) < 0 or sum(events) > trials * _ROUNDING:
            yield f"{' and '.join(f'{number:g}' for number in events)} events of {trials:g}"


def _beside(m: Measurement, baseline: Baseline) -> Iterator[str]:
    """Yield what cannot be in a baseline, and between it and the candidate."""
    yield from _reversed(baseline.ci)
    yield from _reversed(baseline.improvement_ci)
    yield from _events(baseline.discordant, 2)
    if baseline.method in OF_RATES:
        yield from _events(baseline.counts, 1)
    if baseline.correlation is not None and abs(baseline.correlation) > _ROUNDING:
        yield f"a correlation of {baseline.correlation:g}"
    if baseline.identical and abs(m.value - baseline.value) > 0:
        yield f"{m.value:g} and {baseline.value:g} of one and the same model"
