"""One metric of a check: an interval plot over the groups, and their table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.charts.axis import Axis, measurement_axis
from audit.formats.html.charts.interval_plot import folded_plots
from audit.formats.html.charts.measurement_table import Cells, cells, methods
from audit.formats.html.charts.plot_marks import Guides, Plot, Row
from audit.formats.html.text.metric_facts import facts_of, how_to_read, short
from audit.formats.html.text.numbers import number
from audit.formats.html.text.where_labels import describe, panel_of, row_label
from audit.result import CheckResult, Measurement, MetricFacts

MAX_ROWS = 24


@dataclass(frozen=True, slots=True)
class MetricPanel:
    """One chart of a metric: rows that differ in the group only."""

    title: str
    plots: list[Plot]
    folded_rows: int
    table: list[Cells]


@dataclass(frozen=True, slots=True)
class MetricView:
    """One metric with its charts; ``open`` if a rule of the policy is about it."""

    name: str
    about: str
    overall: str
    ideal: str
    span: str
    methods: str
    compares: bool
    open: bool
    panels: list[MetricPanel]


def metric_view(
    name: str, measurements: Sequence[Measurement], check: CheckResult, ruled: bool
) -> MetricView:
    """Return the charts and the table of ``measurements``, all of the metric ``name``."""
    facts = facts_of(name, [check])
    overall = next((m.value for m in measurements if not m.where), None)
    parts = [m for m in measurements if m.where]
    keep = [value for value in (overall, _near_ideal(facts, parts)) if value is not None]
    scale = measurement_axis(parts, facts, keep)
    ideal = facts.ideal if facts.ideal is not None and scale.shows(facts.ideal) else None
    return MetricView(
        name=short(name, check.name),
        about=how_to_read(facts),
        overall=number(overall) if overall is not None else "",
        ideal=number(ideal) if ideal is not None else "",
        span=_span(parts),
        methods=methods(parts),
        compares=any(m.rows != m.n for m in parts),
        open=ruled,
        panels=_panels(name, parts, scale, Guides(ideal=ideal, overall=overall)),
    )


def _near_ideal(facts: MetricFacts, parts: Sequence[Measurement]) -> float | None:
    """Return the ideal value if showing it does not press the values into a corner."""
    values = [m.value for m in parts if abs(m.value) < 1e9]
    if facts.ideal is None or not values:
        return None
    reach = max(values) - min(values)
    return facts.ideal if min(values) - reach <= facts.ideal <= max(values) + reach else None


def _span(parts: Sequence[Measurement]) -> str:
    finite = [m.value for m in parts if abs(m.value) < float("inf")]
    return f"{number(min(finite))} to {number(max(finite))}" if finite else "no value is defined"


def _panels(name: str, parts: Sequence[Measurement], scale: Axis, guides: Guides) -> list[MetricPanel]:
    grouped: dict[str, list[Row]] = {}
    for measurement in parts:
        shared = panel_of(measurement.where)
        row = Row(row_label(measurement.where, shared), measurement)
        grouped.setdefault(describe(shared), []).append(row)
    return [
        MetricPanel(
            title=title,
            plots=folded_plots(f"{name}, {title}" if title else name, rows, scale, guides, MAX_ROWS),
            folded_rows=max(0, len(rows) - MAX_ROWS),
            table=[cells(row) for row in rows],
        )
        for title, rows in grouped.items()
    ]
