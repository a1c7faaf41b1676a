"""One metric of a check: the groups side by side, and their table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.charts.axis import Axis, axis
from audit.formats.html.charts.interval_plot import interval_plot
from audit.formats.html.charts.measurement_table import Cells, cells, methods
from audit.formats.html.charts.plot_marks import Guides, Plot, Row
from audit.formats.html.text.metric_facts import facts_of, how_to_read, short
from audit.formats.html.text.numbers import number
from audit.formats.html.text.where_labels import describe, panel_of, row_label
from audit.result import CheckResult, Measurement, MetricFacts

SHOWN = 24


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart of a metric: the rows that share everything but the group."""

    title: str
    plots: list[Plot]
    folded_rows: int
    table: list[Cells]


@dataclass(frozen=True, slots=True)
class MetricView:
    """One metric with its parts; ``open`` where a rule of the policy is about it."""

    name: str
    about: str
    overall: str
    ideal: str
    span: str
    methods: str
    compares: bool
    open: bool
    panels: list[Panel]


def metric_view(name: str, found: Sequence[Measurement], check: CheckResult, ruled: bool) -> MetricView:
    """Return the charts and the table of ``found``, all of the metric ``name``."""
    facts = facts_of(name, [check])
    overall = next((m.value for m in found if not m.where), None)
    parts = [m for m in found if m.where]
    scale = _scale(parts, facts, overall)
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


def _scale(parts: Sequence[Measurement], facts: MetricFacts, overall: float | None) -> Axis:
    return axis(
        [m.value for m in parts] + [m.baseline.value for m in parts if m.baseline],
        [m.ci for m in parts if m.ci],
        keep=[value for value in (overall, _near(facts, parts)) if value is not None],
        low=facts.low,
        high=facts.high,
    )


def _near(facts: MetricFacts, parts: Sequence[Measurement]) -> float | None:
    """Return the ideal value if showing it does not press the values into a corner."""
    values = [m.value for m in parts if abs(m.value) < 1e9]
    if facts.ideal is None or not values:
        return None
    first, last = min(values), max(values)
    reach = last - first
    return facts.ideal if first - reach <= facts.ideal <= last + reach else None


def _span(parts: Sequence[Measurement]) -> str:
    finite = [m.value for m in parts if abs(m.value) < float("inf")]
    return f"{number(min(finite))} to {number(max(finite))}" if finite else "no value is defined"


def _panels(name: str, parts: Sequence[Measurement], scale: Axis, guides: Guides) -> list[Panel]:
    grouped: dict[str, list[Row]] = {}
    for found in parts:
        shared = panel_of(found.where)
        grouped.setdefault(describe(shared), []).append(Row(row_label(found.where, shared), found))
    return [_panel(name, title, rows, scale, guides) for title, rows in grouped.items()]


def _panel(name: str, title: str, rows: Sequence[Row], scale: Axis, guides: Guides) -> Panel:
    head = f"{name}, {title}" if title else name
    return Panel(
        title=title,
        plots=[interval_plot(head, part, scale, guides) for part in (rows[:SHOWN], rows[SHOWN:]) if part],
        folded_rows=max(0, len(rows) - SHOWN),
        table=[cells(row) for row in rows],
    )
