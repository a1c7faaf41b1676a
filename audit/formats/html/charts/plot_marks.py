"""The parts of an interval plot: its rows, the marks drawn for them, and its guide lines."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from audit.formats.html.charts.measurement_table import MeasurementCells
from audit.formats.text.margins import Place
from audit.result import Measurement


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement to draw; ``place`` is its position against a limit, ``left_out`` if it has too few rows."""

    label: str
    measurement: Measurement
    place: Place | None = None
    left_out: bool = False

    @property
    def against(self) -> str:
        """The measurement's position against the limit, in words."""
        return "; ".join(
            [*(["left out"] if self.left_out else []), *([self.place.words] if self.place else [])]
        )


class Span(NamedTuple):
    """A stretch of a drawing as SVG writes it: where it begins, and its length."""

    start: str
    length: str


@dataclass(frozen=True, slots=True)
class IntervalMark:
    """A row of an interval plot: its texts, and places in per cent of the width; ``kind`` picks shape and colour.

    ``x`` is the place of the value and ``baseline`` that of the baseline's, None if undefined or beyond the axis.
    """

    kind: str
    cells: MeasurementCells
    x: str | None
    bar: Span | None
    arrows: tuple[str, ...]
    baseline: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A vertical line of a chart with its text, which grows away from the chart's nearer edge."""

    kind: str
    x: str
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Plot:
    """The layout of one interval plot, a table whose second column is the chart."""

    title: str
    marks: tuple[IntervalMark, ...]
    ticks: tuple[Line, ...]
    lines: tuple[Line, ...]
    band: Span | None

    @property
    def compares(self) -> bool:
        """Whether a measurement compares groups, so that it has fewer rows on one side."""
        return any(mark.cells.smallest for mark in self.marks)

    @property
    def has_baseline(self) -> bool:
        """Whether a measurement has one of the baseline beside it."""
        return any(mark.cells.baseline for mark in self.marks)


@dataclass(frozen=True, slots=True)
class Guides:
    """The guide lines of an interval plot: the limit's range, the ideal value, the value over all rows."""

    bounds: tuple[float, float] | None = None
    ideal: float | None = None
    overall: float | None = None

    def bounds_within(self, low: float | None = None, high: float | None = None) -> list[float]:
        """Return the finite ends of the limit that a metric from ``low`` to ``high`` can reach."""
        ends = [end for end in self.bounds or () if math.isfinite(end)]
        return [end for end in ends if (low is None or end >= low) and (high is None or end <= high)]


def decided(rows: Sequence[Row]) -> list[Measurement]:
    """Return the measurements of the ``rows`` with enough rows of data to be decided; all if there are none.

    Groups too small to decide must not set the scale of those that are decided.
    """
    return [row.measurement for row in rows if not row.left_out] or [row.measurement for row in rows]
