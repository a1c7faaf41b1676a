"""What more rows of the same kind would measure: the counts grow, the errors shrink, the rates stay."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from audit.result import Measurement

SIDES = ("unprivileged", "privileged")
"""The two sides of a comparison, by the beginning of the names in ``counts``."""

GROWING = frozenset(
    {
        "clopper-pearson", "mover-difference", "mover-ratio", "mover-mean", "average-odds-difference",
        "average-abs-odds-difference", "equalized-odds-difference", "delong", "mean-t", "mean-skewed",
        "root-mean-skewed", "explained-variance", "calibration-bins",
        "fisher-z", "largest-t", "clopper-pearson-upper", "clopper-pearson-lower",
    }
)  # fmt: skip
"""Methods whose counts are of rows, so that more rows of the same kind multiply them."""

_POWERS = {"number": 0.0, "values": 0.0, "errors": -0.5}
"""How counts go with the rows, by name, where they do not grow in proportion to them."""


@dataclass(frozen=True)
class Part:
    """Rows that may grow by themselves: ``sides`` of a comparison, or with none the whole measurement."""

    measurement: Measurement
    sides: tuple[str, ...]

    def grown(self, factor: float) -> Measurement:
        """Return what ``factor`` times as many of these rows would measure, at the same rates."""
        measured, baseline = self.measurement, self.measurement.baseline
        if baseline is not None:
            discordant = self._times(baseline.discordant, factor)
            counts, se = self._times(baseline.counts, factor), _narrowed(baseline.se, factor)
            baseline = replace(baseline, counts=counts, se=se, discordant=discordant)
        counts, se = self._times(measured.counts, factor), _narrowed(measured.se, factor)
        return replace(measured, counts=counts, se=se, baseline=baseline)

    def _times(self, counts: Mapping[str, Sequence[float]], factor: float) -> dict[str, list[float]]:
        return {
            name: [part * factor ** _POWERS.get(name, 1.0) for part in row]
            if not self.sides or _side(name) in self.sides
            else list(row)
            for name, row in counts.items()
        }

    def rows(self, side: str = "") -> float:
        """Return the rows of a side, or of the whole; counts may be effective ones, the rows are not."""
        shares = _denominators(self.measurement)
        return self.measurement.n * (shares[side] / sum(shares.values()) if side else 1.0)

    @property
    def size(self) -> float:
        """All rows that grow."""
        return sum(self.rows(side) for side in self.sides or ("",))


def parts(measurement: Measurement) -> Iterator[Part]:
    """Yield what may grow: the side with fewer rows, then everything."""
    denominators = _denominators(measurement)
    if set(denominators) == set(SIDES):
        thin = min(SIDES, key=lambda side: denominators[side])
        yield Part(measurement, (thin,))
        yield Part(measurement, SIDES)
    else:
        yield Part(measurement, ())


def _denominators(measurement: Measurement) -> dict[str, float]:
    """Return the rows that the counts speak of, by side of a comparison."""
    found: dict[str, float] = {}
    for name, row in measurement.counts.items():
        found[_side(name)] = found.get(_side(name), 0.0) + row[min(1, len(row) - 1)]
    return found


def _side(name: str) -> str:
    return next((side for side in SIDES if name == side or name.startswith(f"{side}_")), "")


def _narrowed(se: float | None, factor: float) -> float | None:
    return None if se is None else se / math.sqrt(factor)
