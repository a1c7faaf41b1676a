"""Each check: values over all rows, the check's own section, and every other metric by group."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from audit.formats.html.calibration import CalibrationPanel, calibrations
from audit.formats.html.charts.axis import Axis, measurement_axis
from audit.formats.html.charts.interval_plot import folded_plots
from audit.formats.html.charts.measurement_table import MeasurementCells, cells, methods
from audit.formats.html.charts.plot_marks import Guides, Plot, Row
from audit.formats.html.charts.reliability_curve import Reliability, reliability
from audit.formats.html.charts.row_budget import rows_each
from audit.formats.html.explainability.section import ExplainabilitySection
from audit.formats.html.group_tables import GroupTables, group_tables
from audit.formats.html.robustness.section import RobustnessSection
from audit.formats.html.score_charts import TABLES as SCORE_TABLES
from audit.formats.html.score_charts import ScoreCharts, score_charts
from audit.formats.html.slices import TABLES as SLICE_TABLES
from audit.formats.html.slices import SliceRow, slice_rows
from audit.formats.html.thresholds import TABLES, ThresholdSection, thresholds
from audit.formats.text.catalogue import title
from audit.formats.text.metric_facts import facts_of, how_to_read, level
from audit.formats.text.table_records import PlainTable, fits, plain_table
from audit.formats.text.where_labels import describe, panel_of, row_label
from audit.numbers import number
from audit.result import CheckResult, Measurement, MetricFacts, Report, Scalar
from audit.result.small_groups import where_in_words

MAX_ROWS = 24
_ROW_COUNT = "performance.rows"
_Members = tuple[dict[str, Scalar], list[Measurement]]
_SECTIONS: dict[str, type[ExplainabilitySection] | type[RobustnessSection]] = {
    "explainability": ExplainabilitySection,
    "robustness": RobustnessSection,
}


class OverallRow(NamedTuple):
    """A metric's value over all rows, as a table row: its name and title, how to read it, and its cells."""

    metric: str
    title: str
    about: str
    cells: MeasurementCells


@dataclass(frozen=True, slots=True)
class MetricPanel:
    """A metric's values by group, as plots: rows that differ in the group only.

    ``beyond`` is the number of rows that are not shown, for there are too many on the page.
    """

    title: str
    plots: list[Plot]
    folded_rows: int
    beyond: int


@dataclass(frozen=True, slots=True)
class MetricView:
    """One metric of a check with its charts; ``open`` if a rule of the policy is about it."""

    name: str
    about: str
    overall: str
    ideal: str
    span: str
    methods: str
    open: bool
    panels: list[MetricPanel]


@dataclass(frozen=True, slots=True)
class CheckView:
    """The page's part on one check; ``metrics`` and ``tables`` are those that its ``section`` does not show."""

    anchor: str
    check: CheckResult
    overall: list[OverallRow]
    curves: list[Reliability]
    section: ExplainabilitySection | RobustnessSection | None
    slices: list[SliceRow]
    groups: GroupTables | None
    scores: ScoreCharts | None
    thresholds: ThresholdSection | None
    calibrations: list[CalibrationPanel]
    metrics: list[MetricView]
    tables: list[PlainTable]


def check_views(report: Report) -> list[CheckView]:
    """Return the page's part on each check, in the report's order."""
    return [_view(f"check-{i}", check, report) for i, check in enumerate(report.checks, start=1)]


def _view(anchor: str, check: CheckResult, report: Report) -> CheckView:
    ruled = frozenset(rule.metric for rule in report.rules)
    section = _SECTIONS.get(check.name)
    groups = group_tables(check, report)
    drawn_tables = {**TABLES, **SCORE_TABLES, **SLICE_TABLES, **(section.tables if section else {})}
    metrics: dict[str, list[Measurement]] = {}
    for measurement in check.measurements:
        in_section = (section and section.covers(measurement)) or (groups and groups.covers(measurement))
        is_row_count = measurement.metric == _ROW_COUNT and measurement.where  # a column of the other charts
        if not in_section and not is_row_count:
            metrics.setdefault(measurement.metric, []).append(measurement)
    overall = [measurement for measurement in check.measurements if not measurement.where]
    panels = {name: _by_panel(measurements) for name, measurements in metrics.items()}
    max_rows = rows_each([len(members) for each in panels.values() for _, members in each], MAX_ROWS // 8)
    return CheckView(
        anchor=anchor,
        check=check,
        overall=[_overall(measurement, check) for measurement in overall],
        curves=[curve for measurement in overall if (curve := reliability(measurement, level(report)))],
        section=section.of(check) if section else None,
        slices=slice_rows(check),
        groups=groups,
        scores=score_charts(check, report),
        thresholds=thresholds(check, report.rules),
        calibrations=calibrations(check, report.data.groups, level(report)),
        metrics=[
            _metric_view(name, measurements, panels[name], check, name in ruled, max_rows)
            for name, measurements in metrics.items()
            if panels[name]
        ],
        tables=[
            plain_table(table)
            for table in check.tables
            if not (table.name in drawn_tables and fits(table, drawn_tables[table.name]))
        ],
    )


def _overall(measurement: Measurement, check: CheckResult) -> OverallRow:
    about = how_to_read(facts_of(measurement.metric, [check]))
    return OverallRow(
        measurement.metric, title(measurement.metric), about, cells(measurement.method, measurement)
    )


def _metric_view(
    name: str,
    measurements: Sequence[Measurement],
    panels: Sequence[_Members],
    check: CheckResult,
    ruled: bool,
    max_rows: int,
) -> MetricView:
    facts = facts_of(name, [check])
    overall = next((m.value for m in measurements if not m.where), None)
    parts = [m for m in measurements if m.where]
    keep = [value for value in (overall, _near_ideal(facts, parts)) if value is not None]
    scale = measurement_axis(parts, facts, keep)
    ideal = facts.ideal if facts.ideal is not None and scale.shows(facts.ideal) else None
    return MetricView(
        name=title(name),
        about=how_to_read(facts),
        overall=number(overall) if overall is not None else "",
        ideal=number(ideal) if ideal is not None else "",
        span=_span(parts),
        methods=methods(parts),
        open=ruled,
        panels=[_panel(name, each, max_rows, scale, Guides(ideal=ideal, overall=overall)) for each in panels],
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


def _by_panel(measurements: Sequence[Measurement]) -> list[_Members]:
    """Return the measurements with a ``where`` that differ in the group only, and what those share."""
    panels: dict[frozenset[tuple[str, Scalar]], _Members] = {}
    for measurement in measurements:
        if measurement.where:
            shared = panel_of(measurement.where)
            panels.setdefault(frozenset(shared.items()), (shared, []))[1].append(measurement)
    return list(panels.values())


def _panel(name: str, panel: _Members, max_rows: int, scale: Axis, guides: Guides) -> MetricPanel:
    shared, members = panel
    title = describe(shared)
    rows = [Row(row_label(where_in_words(m), shared), m) for m in members[:max_rows]]
    return MetricPanel(
        title=title,
        plots=folded_plots(f"{name}, {title}" if title else name, rows, scale, guides, MAX_ROWS),
        folded_rows=max(0, len(rows) - MAX_ROWS),
        beyond=len(members) - len(rows),
    )
