"""Each rule: its limit in words, and its measurements on one axis, the furthest outside first."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from audit.formats.html.charts.axis import measurement_axis
from audit.formats.html.charts.interval_plot import folded_plots
from audit.formats.html.charts.measurement_table import methods
from audit.formats.html.charts.plot_marks import Guides, Plot, Row, decided
from audit.formats.html.charts.row_budget import rows_each
from audit.formats.rule_claim import RuleClaim, claim, rule_title
from audit.formats.rule_text import SEVERITY, PlacedMeasurements, by_place, ranked
from audit.formats.text import margins as limits
from audit.formats.text.margins import Place
from audit.formats.text.measurement_text import MeasurementText, measurement_text
from audit.formats.text.metric_facts import confidence, facts_of
from audit.formats.text.where_labels import Where, describe, shared, without
from audit.result import MAX_AUDITS, Measurement, MetricFacts, Report, RuleResult
from audit.result.small_groups import where_in_words

MAX_ROWS = 12
_ABOUT_AUDITS = (
    "Audits of the same rows that differ in model, question or seed: with enough of them, one passes by luck."
)


@dataclass(frozen=True, slots=True)
class RuleView:
    """One rule as the page shows it; ``plots`` are the chart of the first `MAX_ROWS` rows and that of the others.

    ``nearest`` is the measurement furthest outside the limit, ``place`` its place; ``order`` is that of the status.
    ``improvement`` are the same charts for a rule against a baseline. ``beyond`` is the number of rows that are not
    shown, for there are too many on the page.
    """

    anchor: str
    title: str
    rule: RuleResult
    order: int
    claim: RuleClaim
    nearest: MeasurementText | None
    place: Place | None
    limit: str
    about: str
    caption: str
    plots: list[Plot]
    folded_rows: int
    improvement: list[Plot]
    methods: str
    beyond: int


def rule_views(report: Report) -> list[RuleView]:
    """Return the views of all rules, the failed ones first; rules of one status keep the policy's order."""
    limit = rows_each(
        [len(rule.measurements) + len(rule.not_decided) for rule in report.rules], MAX_ROWS // 4
    )
    views = [_view(f"rule-{i}", rule, report, limit) for i, rule in enumerate(report.rules, start=1)]
    return sorted(views, key=lambda view: view.order)


def _view(anchor: str, rule: RuleResult, report: Report, max_rows: int) -> RuleView:
    facts = facts_of(rule.metric, report.checks)
    common = shared([*rule.measurements, *rule.not_decided])
    measured = ranked(rule)
    rows = _rows(rule, measured, common, max_rows)
    return RuleView(
        anchor=anchor,
        title=rule_title(rule),
        rule=rule,
        order=SEVERITY.index(rule.status),
        claim=claim(rule, measured, confidence(report)),
        nearest=measurement_text(measured[0][0]) if measured else None,
        place=measured[0][1] if measured else None,
        limit=limits.in_words(rule.limit),
        about=_ABOUT_AUDITS if rule.id == MAX_AUDITS else facts.about,
        caption=describe(common) if len(rows) > 1 else "",
        plots=_plots(rule, rows, facts),
        folded_rows=max(0, len(rows) - MAX_ROWS),
        improvement=_improvement_plots(rule, rows),
        methods=methods(row.measurement for row in rows),
        beyond=len(rule.measurements) + len(rule.not_decided) - len(rows),
    )


def _rows(rule: RuleResult, measured: PlacedMeasurements, common: Where, max_rows: int) -> list[Row]:
    parts = ((measured, False), (by_place(rule.not_decided, rule), True))
    rows = ((left_out, m, place) for measurements, left_out in parts for m, place in measurements)
    return [Row(_label(m, common), m, place, left_out) for left_out, m, place in islice(rows, max_rows)]


def _label(measurement: Measurement, common: Where) -> str:
    where = where_in_words(measurement)
    rest = without(where, common)
    if "attribute" in rest:
        # Each attribute has its own privileged group: not every row needs to name it.
        rest.pop("privileged", None)
    return describe(rest) or describe(where) or "all rows"


def _plots(rule: RuleResult, rows: Sequence[Row], facts: MetricFacts) -> list[Plot]:
    guides = Guides(bounds=limits.bounds(rule.limit), ideal=facts.ideal)
    outside = [row.measurement.value for row in rows if row.place and row.place.side == "outside"]
    keep = [*guides.bounds_within(facts.low, facts.high), *outside]
    scale = measurement_axis(decided(rows), facts, keep)
    rows = [replace(row, place=limits.absolute_place(row.measurement, rule.limit)) for row in rows]
    return folded_plots(f"{rule.metric} against its limit", rows, scale, guides, MAX_ROWS)


def _improvement_plots(rule: RuleResult, rows: Sequence[Row]) -> list[Plot]:
    limit = limits.least_improvement(rule.limit)
    if limit is None:
        return []
    bounds = (limit, math.inf)
    gains = [
        replace(row, measurement=gain, place=limits.place_within(gain, *bounds))
        for row in rows
        if (gain := limits.improvement(row.measurement))
    ]
    if not gains:
        return []
    scale = measurement_axis(decided(gains), MetricFacts(about=""), keep=[limit, 0.0])
    title = f"{rule.metric}: improvement over the baseline"
    return folded_plots(title, gains, scale, Guides(bounds=bounds, overall=0.0), MAX_ROWS)
