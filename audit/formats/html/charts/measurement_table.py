"""The rows of the tables that stand behind the charts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from audit.formats.html.charts.improvement_plot import told
from audit.formats.html.charts.plot_marks import Row
from audit.formats.html.text.numbers import count, interval, number
from audit.result import Measurement


@dataclass(frozen=True, slots=True)
class Cells:
    """One row of a table; ``smallest`` is empty where there is only one denominator.

    ``baseline`` and ``improvement`` are empty where there is no baseline.
    """

    label: str
    value: str
    ci: str
    rows: str
    smallest: str
    against: str
    baseline: str = ""
    improvement: str = ""


def cells(row: Row) -> Cells:
    """Return the cells of one row of a chart."""
    found = row.measurement
    against = [*(["left out"] if row.left_out else []), *([row.place.words] if row.place else [])]
    baseline, improvement = told(found)
    return Cells(
        label=row.full or row.label,
        value=number(found.value),
        ci=interval(found.ci),
        rows=count(found.n),
        smallest=count(found.rows) if found.rows != found.n else "",
        against="; ".join(against),
        baseline=baseline,
        improvement=improvement,
    )


def methods(measurements: Iterable[Measurement]) -> str:
    """Return the names of the interval methods used, each once, in order."""
    return ", ".join(dict.fromkeys(m.method for m in measurements))


def rows_of_all(measurements: Collection[Measurement]) -> str:
    """Return the rows behind several measurements: one number, or the fewest and the most."""
    ends = (count(pick(m.n for m in measurements)) for pick in (min, max))
    return " to ".join(dict.fromkeys(ends))
