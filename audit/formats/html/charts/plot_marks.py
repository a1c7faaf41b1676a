"""What an interval plot is made of: the rows that it is given, and the marks that it becomes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from audit.formats.html.text.margins import Place
from audit.result import Measurement


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement to draw; ``place`` is against a limit, ``left_out`` if too few rows to be decided.

    ``label`` is short enough to stand in the chart; ``full`` is for the table, where they differ.
    """

    label: str
    measurement: Measurement
    place: Place | None = None
    left_out: bool = False
    full: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One drawn row: its texts and its places; ``kind`` picks shape and colour, ``other`` is the baseline's place."""

    kind: str
    label: str
    value: str
    rows: str
    y: int
    x: str | None
    bar: tuple[str, str] | None
    arrows: tuple[str, ...]
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A vertical line with its text, which grows away from the chart's nearer edge."""

    kind: str
    x: str
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Plot:
    """All that the template needs to draw one interval plot; ``groups`` are the marks by their kind."""

    title: str
    desc: str
    height: int
    groups: tuple[tuple[str, tuple[Mark, ...]], ...]
    ticks: tuple[Line, ...]
    lines: tuple[Line, ...]
    band: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Guides:
    """What a chart shows beside its rows: the limit's range, the ideal value, the value over all rows."""

    bounds: tuple[float, float] | None = None
    ideal: float | None = None
    overall: float | None = None

    @property
    def finite_bounds(self) -> list[float]:
        """The ends of the limit that can be drawn."""
        return [end for end in self.bounds or () if math.isfinite(end)]
