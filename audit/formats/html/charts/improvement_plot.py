"""The improvement of the candidate over its baseline: as text, and as an interval plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from audit.formats.html.charts.axis import axis
from audit.formats.html.charts.interval_plot import folded_plots
from audit.formats.html.charts.plot_marks import Guides, Plot, Row, decided
from audit.formats.html.text import margins as limits
from audit.formats.html.text.numbers import number, with_interval
from audit.result import Measurement


def baseline_cells(measurement: Measurement) -> tuple[str, str]:
    """Return the baseline's value, and the improvement with its interval; both empty without a baseline."""
    baseline = measurement.baseline
    if baseline is None:
        return "", ""
    return number(baseline.value), with_interval(baseline.improvement, baseline.improvement_ci)


def improvement_plots(title: str, rows: Sequence[Row], limit: float | None, first: int) -> list[Plot]:
    """Return the chart of the improvements against their limit, or two on the same axis.

    Args:
        title: title of the chart.
        rows: rows of the chart of the values.
        limit: least improvement that holds; None if the rule sets none, and then there is no chart.
        first: number of rows in the first chart.
    """
    if limit is None:
        return []
    bounds = (limit, float("inf"))
    gains = [
        replace(row, measurement=gain, place=limits.place_within(gain, *bounds))
        for row in rows
        if (gain := limits.improvement(row.measurement))
    ]
    if not gains:
        return []
    measurements = decided(gains)
    scale = axis([m.value for m in measurements], [m.ci for m in measurements if m.ci], keep=[limit, 0.0])
    return folded_plots(title, gains, scale, Guides(bounds=bounds, overall=0.0), first)
