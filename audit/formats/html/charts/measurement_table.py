"""The rows of the tables that list what the charts show."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from audit.numbers import count, interval, number, with_interval
from audit.result import Measurement


@dataclass(frozen=True, slots=True)
class MeasurementCells:
    """A measurement as the texts of a table row; ``smallest`` (denominator) is empty if there is only one.

    ``baseline`` and ``improvement`` are empty without a baseline.
    """

    label: str
    value: str
    ci: str
    rows: str
    smallest: str
    against: str
    baseline: str = ""
    improvement: str = ""


def cells(label: str, measurement: Measurement, against: str = "") -> MeasurementCells:
    """Return a measurement as the texts of a table row; ``against`` is its position against a limit."""
    baseline = measurement.baseline
    return MeasurementCells(
        label=label,
        value=number(measurement.value),
        ci=interval(measurement.ci),
        rows=count(measurement.n),
        smallest=count(measurement.rows) if measurement.rows != measurement.n else "",
        against=against,
        baseline=number(baseline.value) if baseline else "",
        improvement=with_interval(baseline.improvement, baseline.improvement_ci) if baseline else "",
    )


def methods(measurements: Iterable[Measurement]) -> str:
    """Return the names of the interval methods of ``measurements``, each once, in order, with commas."""
    return ", ".join(dict.fromkeys(m.method for m in measurements))


def rows_of_all(measurements: Collection[Measurement]) -> str:
    """Return the number of rows of several measurements as text: one number, or the fewest and the most."""
    ends = (count(pick(m.n for m in measurements)) for pick in (min, max))
    return " to ".join(dict.fromkeys(ends))
