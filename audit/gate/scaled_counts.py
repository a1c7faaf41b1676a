"""The measurement of more rows of the same kind: counts grow, errors shrink, rates stay."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from audit.result import Baseline, Measurement
from audit.stats.methods import method_named

SIDES = ("unprivileged", "privileged")
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
        return replace(
            counted, counts=counts, se=None if counted.se is None else counted.se / math.sqrt(factor)
        )

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


def growable_rows(measurement: Measurement) -> Iterator[GrowableRows]:
    """Yield the side of a comparison with fewer rows, then all rows."""
    rows = _rows_by_side(measurement)
    if set(rows) == set(SIDES):
        yield GrowableRows(measurement, (min(SIDES, key=lambda side: rows[side]),))
        yield GrowableRows(measurement, SIDES)
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
    return next((side for side in SIDES if name == side or name.startswith(f"{side}_")), "")
