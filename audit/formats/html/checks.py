"""Each check: its numbers over all rows, its own section, then for every other metric the groups side by side."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from audit.formats.html.calibration import CalibrationPanel, calibrations
from audit.formats.html.charts.measurement_table import Cells, cells
from audit.formats.html.charts.plot_marks import Row
from audit.formats.html.charts.reliability_curve import Reliability, reliability
from audit.formats.html.explainability.section import Explainability
from audit.formats.html.metrics import MetricView, metric_view
from audit.formats.html.robustness.section import Robustness
from audit.formats.html.text.metric_facts import facts_of, how_to_read, level, short
from audit.formats.html.text.plain_table import PlainTable, plain_table
from audit.formats.html.text.table_records import fits
from audit.formats.html.thresholds import TABLES, Thresholds, thresholds
from audit.result import CheckResult, Measurement, Report, Table

_SECTIONS: dict[str, type[Explainability] | type[Robustness]] = {
    "explainability": Explainability,
    "robustness": Robustness,
}


@dataclass(frozen=True, slots=True)
class CheckView:
    """One check as shown; ``metrics`` and ``tables`` are those that its ``section`` does not show."""

    anchor: str
    check: CheckResult
    whole: list[tuple[str, str, Cells]]
    curves: list[Reliability]
    section: Explainability | Robustness | None
    thresholds: Thresholds | None
    calibrations: list[CalibrationPanel]
    metrics: list[MetricView]
    tables: list[PlainTable]


def check_views(report: Report) -> list[CheckView]:
    """Return the checks in the report's order."""
    return [_view(f"check-{i}", check, report) for i, check in enumerate(report.checks, start=1)]


def _view(anchor: str, check: CheckResult, report: Report) -> CheckView:
    ruled = frozenset(rule.metric for rule in report.rules)
    kind = _SECTIONS.get(check.name)
    parts: dict[str, list[Measurement]] = {}
    for found in check.measurements:
        if kind is None or not kind.covers(found):
            parts.setdefault(found.metric, []).append(found)
    whole = [found for found in check.measurements if not found.where]
    return CheckView(
        anchor=anchor,
        check=check,
        whole=[_whole(found, check) for found in whole],
        curves=[curve for found in whole if (curve := reliability(found, level(report)))],
        section=kind.of(check) if kind else None,
        thresholds=thresholds(check, report.rules),
        calibrations=calibrations(check, report.data.groups, level(report)),
        metrics=[
            metric_view(name, found, check, name in ruled)
            for name, found in parts.items()
            if any(m.where for m in found)
        ],
        tables=[
            plain_table(table)
            for table in check.tables
            if not _drawn(table, {**TABLES, **(kind.tables if kind else {})})
        ],
    )


def _drawn(table: Table, drawn: Mapping[str, Collection[str]]) -> bool:
    return table.name in drawn and fits(table, drawn[table.name])


def _whole(found: Measurement, check: CheckResult) -> tuple[str, str, Cells]:
    about = how_to_read(facts_of(found.metric, [check]))
    return short(found.metric, check.name), about, cells(Row(found.method, found))
