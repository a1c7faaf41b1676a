"""Each check: values over all rows, the check's own section, and every other metric by group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from audit.formats.html.calibration import CalibrationPanel, calibrations
from audit.formats.html.charts.measurement_table import Cells, cells
from audit.formats.html.charts.plot_marks import Row
from audit.formats.html.charts.reliability_curve import Reliability, reliability
from audit.formats.html.explainability.section import ExplainabilitySection
from audit.formats.html.metrics import MetricView, metric_view
from audit.formats.html.robustness.section import RobustnessSection
from audit.formats.html.text.metric_facts import facts_of, how_to_read, level, short
from audit.formats.html.text.table_records import PlainTable, fits, plain_table
from audit.formats.html.thresholds import TABLES, ThresholdSection, thresholds
from audit.result import CheckResult, Measurement, Report

_SECTIONS: dict[str, type[ExplainabilitySection] | type[RobustnessSection]] = {
    "explainability": ExplainabilitySection,
    "robustness": RobustnessSection,
}


class OverallRow(NamedTuple):
    """A metric over all rows: its name, how to read it, and its cells."""

    metric: str
    about: str
    cells: Cells


@dataclass(frozen=True, slots=True)
class CheckView:
    """One check; ``metrics`` and ``tables`` are those that its ``section`` does not show."""

    anchor: str
    check: CheckResult
    overall: list[OverallRow]
    curves: list[Reliability]
    section: ExplainabilitySection | RobustnessSection | None
    thresholds: ThresholdSection | None
    calibrations: list[CalibrationPanel]
    metrics: list[MetricView]
    tables: list[PlainTable]


def check_views(report: Report) -> list[CheckView]:
    """Return a view of each check, in the report's order."""
    return [_view(f"check-{i}", check, report) for i, check in enumerate(report.checks, start=1)]


def _view(anchor: str, check: CheckResult, report: Report) -> CheckView:
    ruled = frozenset(rule.metric for rule in report.rules)
    section = _SECTIONS.get(check.name)
    drawn_tables = {**TABLES, **(section.tables if section else {})}
    metrics: dict[str, list[Measurement]] = {}
    for measurement in check.measurements:
        if section is None or not section.covers(measurement):
            metrics.setdefault(measurement.metric, []).append(measurement)
    overall = [measurement for measurement in check.measurements if not measurement.where]
    return CheckView(
        anchor=anchor,
        check=check,
        overall=[_overall(measurement, check) for measurement in overall],
        curves=[curve for measurement in overall if (curve := reliability(measurement, level(report)))],
        section=section.of(check) if section else None,
        thresholds=thresholds(check, report.rules),
        calibrations=calibrations(check, report.data.groups, level(report)),
        metrics=[
            metric_view(name, measurements, check, name in ruled)
            for name, measurements in metrics.items()
            if any(m.where for m in measurements)
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
        short(measurement.metric, check.name), about, cells(Row(measurement.method, measurement))
    )
