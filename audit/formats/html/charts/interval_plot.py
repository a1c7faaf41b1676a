"""The interval plot: a table of label, chart, value and interval, whose charts share one axis, with the limit shaded.

Places are in per cent of the column's width, so one chart fits every screen while its text keeps its size.
"""

import math
from collections.abc import Sequence

from audit.formats.html.charts.axis import Axis
from audit.formats.html.charts.measurement_table import cells
from audit.formats.html.charts.plot_marks import Guides, IntervalMark, Line, Plot, Row, Span
from audit.numbers import written
from audit.result import Measurement


def interval_plot(title: str, rows: Sequence[Row], axis: Axis, guides: Guides) -> Plot:
    """Return the interval plot of ``rows`` over ``axis``, as the layout that a template draws."""
    return Plot(
        title=title,
        marks=tuple(_mark(row, axis) for row in rows),
        ticks=ticks(axis),
        lines=_lines(axis, guides),
        band=_band(axis, guides),
    )


def folded_plots(title: str, rows: Sequence[Row], axis: Axis, guides: Guides, first: int) -> list[Plot]:
    """Return the interval plot of the ``first`` rows, and that of the others if there are more, on the same axis."""
    return [interval_plot(title, part, axis, guides) for part in (rows[:first], rows[first:]) if part]


def percent(place: float) -> str:
    """Return a place in per cent of the width as SVG writes it, e.g. ``12.5%``."""
    return f"{place:.1f}".removesuffix(".0") + "%"


def _mark(row: Row, axis: Axis) -> IntervalMark:
    measurement = row.measurement
    defined = not math.isnan(measurement.value)
    return IntervalMark(
        kind="left-out" if row.left_out else row.place.side if row.place else "plain",
        cells=cells(row.label, measurement, row.against),
        x=_place(measurement.value, axis),
        bar=_bar(measurement, axis) if defined and measurement.ci else None,
        arrows=_arrows(measurement, axis) if defined else (),
        baseline=_place(measurement.baseline.value if measurement.baseline else None, axis),
    )


def _place(value: float | None, axis: Axis) -> str | None:
    """Return the place of ``value``; None if it is None, NaN or beyond the axis."""
    return percent(axis.at(value)) if value is not None and axis.shows(value) else None


def _ends(measurement: Measurement) -> tuple[float, float]:
    ends = [end for end in (measurement.value, *(measurement.ci or ())) if not math.isnan(end)]
    return min(ends), max(ends)


def _bar(measurement: Measurement, axis: Axis) -> Span | None:
    start, stop = (axis.at(end) for end in _ends(measurement))
    return Span(percent(start), percent(stop - start)) if stop > start else None


def _arrows(measurement: Measurement, axis: Axis) -> tuple[str, ...]:
    """Return an arrow for each end of the interval that is beyond the axis."""
    first, last = _ends(measurement)
    return (*(["left"] if first < axis.low else []), *(["right"] if last > axis.high else []))


def ticks(axis: Axis) -> tuple[Line, ...]:
    """Return the axis' ticks as lines with their labels."""
    return tuple(Line("tick", percent(axis.at(value)), label, "middle") for value, label in axis.ticks)


def _lines(axis: Axis, guides: Guides) -> tuple[Line, ...]:
    low, high = guides.bounds or (-math.inf, math.inf)
    lines = (
        # A text that would leave the chart turns to the other side of its line.
        ("limit", low, f"≥ {written(low)}", "start" if axis.at(low) < 15 else "end"),
        ("limit", high, f"≤ {written(high)}", "end" if axis.at(high) > 85 else "start"),
        ("ideal", guides.ideal, "", ""),
        ("overall-line", guides.overall, "", ""),
    )
    return tuple(
        Line(kind, x, text, anchor) for kind, value, text, anchor in lines if (x := _place(value, axis))
    )


def _band(axis: Axis, guides: Guides) -> Span | None:
    if guides.bounds is None:
        return None
    low, high = guides.bounds
    start = axis.at(low) if low >= axis.low else 0.0
    stop = axis.at(high) if high <= axis.high else 100.0
    return Span(percent(start), percent(max(stop - start, 0.0)))
