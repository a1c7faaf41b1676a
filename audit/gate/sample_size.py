"""Sample size determination: how many more rows, at the rates seen, would decide an open claim."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from audit.gate.claims import Claim
from audit.result import GROUP_KEYS, Baseline, Measurement, SampledRows
from audit.result.small_groups import where_in_words
from audit.stats import interval, paired_interval
from audit.stats.methods import method_named

MAX_MORE_ROWS = 1_000_000
"""More rows than this are not advised: the value is too near the limit."""

_SAME_RATES = "if the rates stay as they are"
_PRECISION = 0.01  # relative error of the search; advice is rounded to two digits
_DENOMINATORS = {
    "equal_opportunity": "with a favourable label",
    "true_positive": "with a favourable label",
    "false_negative": "with a favourable label",
    "false_positive": "with an unfavourable label",
    "false_discovery": "predicted favourable",
    "false_omission": "predicted unfavourable",
}
"""Rows in a metric's denominator, by the beginning of its name; all of them for other metrics."""

_SIDES = ("unprivileged", "privileged")
"""The two sides of a comparison, by the beginning of the names in ``counts``."""

_Counted = TypeVar("_Counted", Measurement, Baseline)


@dataclass(frozen=True)
class GrowableRows:
    """Rows whose number may grow: ``sides`` of a comparison, or with none the whole measurement."""

    measurement: Measurement
    sides: tuple[str, ...]

    def grown(self, factor: float) -> Measurement:
        """Return the measurement of ``factor`` times as many of these rows, at the same rates."""
        baseline = self.measurement.baseline
        if baseline is not None:
            discordant = self._times(baseline.discordant, factor, {})
            baseline = replace(self._grown(baseline, factor), discordant=discordant)
        return replace(self._grown(self.measurement, factor), baseline=baseline)

    def _grown(self, counted: _Counted, factor: float) -> _Counted:
        counts = self._times(counted.counts, factor, method_named(counted.method).counts.growth or {})
        se = None if counted.se is None else counted.se / math.sqrt(factor)
        return replace(counted, counts=counts, se=se)

    def _times(
        self, counts: Mapping[str, Sequence[float]], factor: float, growth: Mapping[str, float]
    ) -> dict[str, list[float]]:
        return {
            name: [number * factor ** growth.get(name, 1.0) for number in row]
            if not self.sides or _side(name) in self.sides
            else list(row)
            for name, row in counts.items()
        }

    def rows(self, side: str = "") -> float:
        """Return the rows of a side, or of the whole; counts may be effective ones, the rows are not."""
        rows = _rows_by_side(self.measurement)
        return self.measurement.n * (rows[side] / sum(rows.values()) if side else 1.0)

    @property
    def total(self) -> float:
        """All rows that grow."""
        return sum(self.rows(side) for side in self.sides or ("",))


def _growable_rows(measurement: Measurement) -> Iterator[GrowableRows]:
    """Yield the side of a comparison with fewer rows, then all rows; only all rows if ``where`` names no sides."""
    rows = _rows_by_side(measurement)
    if set(rows) == set(_SIDES) and measurement.where.keys() >= set(_SIDES):
        yield GrowableRows(measurement, (min(_SIDES, key=lambda side: rows[side]),))
        yield GrowableRows(measurement, _SIDES)
    else:
        yield GrowableRows(measurement, ())


def denominator(row: Sequence[float]) -> float:
    """Return the rows behind one entry of ``counts``: its second number, of a single number itself."""
    return row[min(1, len(row) - 1)]


def _rows_by_side(measurement: Measurement) -> dict[str, float]:
    rows: dict[str, float] = {}
    for name, row in measurement.counts.items():
        rows[_side(name)] = rows.get(_side(name), 0.0) + denominator(row)
    return rows


def _side(name: str) -> str:
    return next((side for side in _SIDES if name == side or name.startswith(f"{side}_")), "")


def needed(claim: Claim, confidence: float, error: float, sampled: SampledRows | None) -> list[str]:
    """Return a sentence on how many more rows would decide ``claim``; none where that is unknown.

    The counts are multiplied, first those of the thinner side of a comparison and then those of both, until the
    whole interval lies on one side of the limit.

    It holds at ``confidence``, and is broken at the ``error`` in (0, 1) that Holm's correction leaves to the claim.
    The metric is measured on the rows ``sampled``; None for all rows of the data.
    """
    grows = all(method_named(method).counts.growth is not None for method in claim.methods)
    if not grows or not math.isfinite(claim.value) or claim.measurement.n <= 0:
        return []
    holds = claim.low <= claim.value <= claim.high
    level = confidence if holds else 1.0 - error
    if _at(claim, claim.measurement, level).span is None:
        return []
    subject = _subject(claim)
    if claim.value in (claim.low, claim.high):
        return [f"{subject}no number of rows would decide it {_SAME_RATES}: the value equals the limit"]
    for growable in _growable_rows(claim.measurement):
        factor = _factor(claim, growable, level)
        if factor is not None:
            end = "within" if holds else "outside"
            rows = _more_rows(growable, factor, f" {sampled.kind}" if sampled else "")
            advice = f"{subject}about {rows} would show that the value is {end} the limit, {_SAME_RATES}"
            return [f"{advice}; {sampled.source}" if sampled else advice]
    if method_named(claim.measurement.method).open_side:
        return []
    futile = f"{MAX_MORE_ROWS:,} more rows would not decide it {_SAME_RATES}"
    return [f"{subject}{futile}: the value is too close to the limit"]


def _at(claim: Claim, measured: Measurement, level: float) -> Claim:
    """Return the claim about ``measured``, with the interval that it is decided on at a confidence of ``level``."""
    if claim.paired and measured.baseline:
        baseline = replace(measured.baseline, improvement_ci=paired_interval(measured, level))
        return replace(claim, measurement=replace(measured, baseline=baseline))
    return replace(claim, measurement=replace(measured, ci=interval(measured, level)))


def _factor(claim: Claim, growable: GrowableRows, level: float) -> float | None:
    """Return the factor by which the rows have to grow, to 1 %; None beyond `MAX_MORE_ROWS` more rows."""

    def decided(factor: float) -> bool:
        return _at(claim, growable.grown(factor), level).finding != "undecided"

    rows = growable.total
    too_few = 0.0
    enough = float(MAX_MORE_ROWS)
    if not decided(1.0 + enough / rows):
        return None
    while enough - too_few > max(1.0, enough * _PRECISION):
        middle = math.sqrt(max(too_few, 0.5) * enough)
        if decided(1.0 + middle / rows):
            enough = middle
        else:
            too_few = middle
    return 1.0 + enough / rows


def _more_rows(growable: GrowableRows, factor: float, kind: str) -> str:
    where = where_in_words(growable.measurement)
    name = growable.measurement.metric.rpartition(".")[2]
    condition = next((f" {words}" for start, words in _DENOMINATORS.items() if name.startswith(start)), "")
    if growable.sides:
        return " and ".join(
            f"{_additional(growable.rows(side), factor)} of {where.get(side, side)}{condition} "
            f"({growable.rows(side):,.0f} now)"
            for side in growable.sides
        )
    group = f" of {where['group']}" if "group" in where else ""
    return f"{_additional(growable.rows(), factor, kind)}{group}{condition} ({growable.rows():,.0f} now)"


def _additional(rows: float, factor: float, kind: str = "") -> str:
    """Return the number of rows (of a ``kind``) to be added to ``rows``, rounded up to two digits."""
    more = math.ceil(rows * (factor - 1.0))
    step = 10 ** max(0, len(str(more)) - 2)
    more = -(-more // step) * step
    return f"{more:,} more{kind} row{'s' * (more != 1)}"


def _subject(claim: Claim) -> str:
    """Return what distinguishes this claim from others of its rule: an attack and its size, a feature."""
    parts = [f"{key} {value}" for key, value in claim.measurement.where.items() if key not in GROUP_KEYS]
    parts += ["against the baseline"] * claim.paired
    return f"{', '.join(parts)}: " if parts else ""
