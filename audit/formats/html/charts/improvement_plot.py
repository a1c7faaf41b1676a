"""The baseline beside the candidate: its value, and the improvement over it as something to draw and to tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from audit.formats.html.charts.axis import axis
from audit.formats.html.charts.interval_plot import interval_plot
from audit.formats.html.charts.plot_marks import Guides, Plot, Row
from audit.formats.html.text import margins as limits
from audit.formats.html.text.numbers import interval, number
from audit.result import Measurement


def told(found: Measurement) -> tuple[str, str]:
    """Return the baseline's value and the improvement with its interval, both empty where there is no baseline."""
    if found.baseline is None:
        return "", ""
    span = found.baseline.improvement_ci
    gain = number(found.baseline.improvement)
    return number(found.baseline.value), f"{gain} ({interval(span)})" if span else gain


def improvement_plots(title: str, rows: Sequence[Row], least: float | None, shown: int) -> list[Plot]:
    """Return the chart of the improvements against the least that is asked for, or two on the same axis.

    Args:
        title: of the chart.
        rows: as in the chart of the values.
        least: improvement; None where none is asked for, and then there is no chart.
        shown: rows in the first chart.
    """
    drawn = [row for row in rows if row.measurement.baseline]
    if least is None or not drawn:
        return []
    gains = [replace(row, measurement=_gain(row.measurement), place=_place(row, least)) for row in drawn]
    telling = [row.measurement for row in gains if not row.left_out] or [row.measurement for row in gains]
    scale = axis([m.value for m in telling], _intervals(telling), keep=[least, 0.0])
    guides = Guides(bounds=(least, float("inf")), overall=0.0)
    parts = [gains[:shown], gains[shown:]]
    return [interval_plot(title, part, scale, guides) for part in parts if part]


def _place(row: Row, least: float) -> limits.Place | None:
    return limits.place_within(_gain(row.measurement), least, float("inf"))


def _gain(found: Measurement) -> Measurement:
    baseline = found.baseline
    assert baseline is not None  # only those are drawn
    return replace(found, value=baseline.improvement, ci=baseline.improvement_ci, baseline=None)


def _intervals(found: Iterable[Measurement]) -> list[tuple[float, float]]:
    return [m.ci for m in found if m.ci]
