"""The parts of an interval plot: its rows, the marks drawn for them, and its guide lines."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from audit.formats.text.margins import Place
from audit.result import Measurement


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement to draw; ``place`` is its position against a limit, ``left_out`` if it has too few rows.

    ``label`` is short enough for the chart; ``full`` is the table's, if that differs.
    """

    label: str
    measurement: Measurement
    place: Place | None = None
    left_out: bool = False
    full: str = ""


class Span(NamedTuple):
    """A stretch of a drawing as SVG writes it: where it begins, and its length."""

    start: str
    length: str


@dataclass(frozen=True, slots=True)
class IntervalMark:
    """A row of an interval plot as drawn: texts and places (also ``baseline``); ``kind`` picks shape and colour."""

    kind: str
    label: str
    value: str
    rows: str
    y: int
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
    """The layout of one interval plot; ``groups`` are runs of marks of one kind."""

    title: str
    desc: str
    height: int
    groups: tuple[tuple[str, tuple[IntervalMark, ...]], ...]
    ticks: tuple[Line, ...]
    lines: tuple[Line, ...]
    band: Span | None


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
