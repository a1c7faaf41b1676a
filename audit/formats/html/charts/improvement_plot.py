"""The interval plot of the candidate's improvement over its baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from audit.formats.html.charts.axis import axis
from audit.formats.html.charts.interval_plot import folded_plots
from audit.formats.html.charts.plot_marks import Guides, Plot, Row, decided
from audit.formats.html.text import margins as limits


def improvement_plots(metric: str, rows: Sequence[Row], limit: float | None, first: int) -> list[Plot]:
    """Return the chart of the improvements, or two on the same axis if there are more than ``first`` rows.

    ``limit`` is the least improvement that holds; None if the rule sets none, and then there is no chart.
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
    title = f"{metric}: improvement over the baseline"
    return folded_plots(title, gains, scale, Guides(bounds=bounds, overall=0.0), first)
