"""The interval plot: rows of label, value and interval above one axis, with the limit shaded.

Places are in per cent of the width and in pixels of the height, so one chart fits every screen
while its text keeps its size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby

from audit.formats.html.charts.axis import Axis
from audit.formats.html.charts.plot_marks import Guides, Line, Mark, Plot, Row
from audit.formats.html.text.numbers import brief_count, number, written
from audit.formats.html.text.safe_text import elide
from audit.formats.html.text.where_labels import rows_of
from audit.result import Measurement

HEAD, ROW, FOOT = 16, 34, 22
LABEL_COLUMNS = 34


def interval_plot(title: str, rows: Sequence[Row], axis: Axis, guides: Guides) -> Plot:
    """Lay out ``rows`` above ``axis``."""
    return Plot(
        title=title,
        desc=_desc(rows, axis),
        height=HEAD + ROW * len(rows) + FOOT,
        groups=_groups(_mark(row, axis, HEAD + ROW * i) for i, row in enumerate(rows)),
        ticks=ticks(axis),
        lines=_lines(axis, guides),
        band=_band(axis, guides),
    )


def percent(place: float) -> str:
    """Return a place as SVG writes it, e.g. ``12.5%``."""
    return f"{place:.1f}".removesuffix(".0") + "%"


def _groups(marks: Iterable[Mark]) -> tuple[tuple[str, tuple[Mark, ...]], ...]:
    return tuple((kind, tuple(run)) for kind, run in groupby(marks, key=lambda mark: mark.kind))


def _mark(row: Row, axis: Axis, y: int) -> Mark:
    found = row.measurement
    defined = not math.isnan(found.value)
    bar, arrows = _bar(found, axis) if defined else (None, ())
    return Mark(
        kind="left-out" if row.left_out else row.place.side if row.place else "plain",
        label=elide(row.label, LABEL_COLUMNS),
        value=number(found.value),
        rows=brief_count(rows_of(found)),
        y=y,
        x=percent(axis.at(found.value)) if defined and axis.shows(found.value) else None,
        bar=bar,
        arrows=arrows,
        other=_other(found, axis),
    )


def _other(found: Measurement, axis: Axis) -> str | None:
    """Return the place of the baseline's value; None where there is none, or it lies beyond the axis."""
    value = math.nan if found.baseline is None else found.baseline.value
    return percent(axis.at(value)) if axis.shows(value) else None


def _bar(found: Measurement, axis: Axis) -> tuple[tuple[str, str] | None, tuple[str, ...]]:
    """Return the interval's start and width, and an arrow for each end that lies beyond the axis."""
    ends = [end for end in (found.value, *(found.ci or ())) if not math.isnan(end)]
    first, last = min(ends), max(ends)
    arrows = [] if first >= axis.low else ["left"]
    arrows += [] if last <= axis.high else ["right"]
    start, stop = axis.at(first), axis.at(last)
    bar = (percent(start), percent(stop - start)) if found.ci and stop > start else None
    return bar, tuple(arrows)


def ticks(axis: Axis) -> tuple[Line, ...]:
    """Return the axis' ticks as lines with their labels."""
    return tuple(Line("tick", percent(axis.at(value)), label, "middle") for value, label in axis.ticks)


def _lines(axis: Axis, guides: Guides) -> tuple[Line, ...]:
    low, high = guides.bounds or (-math.inf, math.inf)
    lines = [
        _line("limit", axis.at(low), f"≥ {written(low)}", "end") if axis.shows(low) else None,
        _line("limit", axis.at(high), f"≤ {written(high)}", "start") if axis.shows(high) else None,
        *(
            _bare(kind, value, axis)
            for kind, value in (("ideal", guides.ideal), ("overall-line", guides.overall))
        ),
    ]
    return tuple(line for line in lines if line)


def _bare(kind: str, value: float | None, axis: Axis) -> Line | None:
    return Line(kind, percent(axis.at(value)), "", "") if value is not None and axis.shows(value) else None


def _line(kind: str, x: float, text: str, anchor: str) -> Line:
    # A text that would leave the chart turns to the other side of its line.
    turned = {"end": "start" if x < 15 else "end", "start": "end" if x > 85 else "start"}
    return Line(kind, percent(x), text, turned[anchor])


def _band(axis: Axis, guides: Guides) -> tuple[str, str] | None:
    if guides.bounds is None:
        return None
    low, high = guides.bounds
    start = 0.0 if low < axis.low else axis.at(low)
    stop = 100.0 if high > axis.high else axis.at(high)
    return percent(start), percent(max(stop - start, 0.0))


def _desc(rows: Sequence[Row], axis: Axis) -> str:
    values = [row.measurement.value for row in rows if math.isfinite(row.measurement.value)]
    if not values:
        return "No value is defined."
    ends = [number(value) for value in (axis.low, axis.high, min(values), max(values))]
    return "Axis from {} to {}. Values from {} to {}.".format(*ends)
