"""Each check: its numbers over all rows, then for every metric the groups side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.render.axis import Axis, axis
from audit.render.facts import facts_of, how_to_read, short
from audit.render.figures import number
from audit.render.intervals import interval_plot
from audit.render.plot import Guides, Plot, Row
from audit.render.reliability import Reliability, reliability
from audit.render.tables import Cells, cells, methods
from audit.render.wheres import describe, panel_of, row_label
from audit.result import CheckResult, Measurement, MetricFacts, Report

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


@dataclass(frozen=True, slots=True)
class CheckView:
    """One check as shown."""

    anchor: str
    check: CheckResult
    whole: list[tuple[str, str, Cells]]
    curves: list[Reliability]
    metrics: list[MetricView]


def check_views(report: Report) -> list[CheckView]:
    """Return the checks in the report's order."""
    ruled = frozenset(rule.metric for rule in report.rules)
    return [_view(f"check-{i}", check, ruled) for i, check in enumerate(report.checks, start=1)]


def _view(anchor: str, check: CheckResult, ruled: frozenset[str]) -> CheckView:
    parts: dict[str, list[Measurement]] = {}
    for found in check.measurements:
        parts.setdefault(found.metric, []).append(found)
    whole = [found for found in check.measurements if not found.where]
    return CheckView(
        anchor=anchor,
        check=check,
        whole=[_whole(found, check) for found in whole],
        curves=[curve for found in whole if (curve := reliability(found))],
        metrics=[
            _metric(name, found, check, name in ruled)
            for name, found in parts.items()
            if any(m.where for m in found)
        ],
    )


def _whole(found: Measurement, check: CheckResult) -> tuple[str, str, Cells]:
    about = how_to_read(facts_of(found.metric, [check]))
    return short(found.metric, check.name), about, cells(Row(found.method, found))


def _metric(name: str, found: Sequence[Measurement], check: CheckResult, ruled: bool) -> MetricView:
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
        [m.value for m in parts],
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
