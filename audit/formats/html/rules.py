"""Each rule: its limit in words, and all that it covers on one axis, what needs attention first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from audit.formats.html.charts.axis import axis
from audit.formats.html.charts.improvement_plot import improvement_plots
from audit.formats.html.charts.interval_plot import interval_plot
from audit.formats.html.charts.measurement_table import Cells, cells, methods
from audit.formats.html.charts.plot_marks import Guides, Plot, Row
from audit.formats.html.text import margins as limits
from audit.formats.html.text.metric_facts import facts_of
from audit.formats.html.text.where_labels import Where, describe, shared, without
from audit.result import MAX_AUDITS, Measurement, MetricFacts, Report, RuleResult

Placed = list[tuple[Measurement, limits.Place | None]]

SHOWN = 12
_ABOUT_AUDITS = (
    "Audits of the same rows that differ in model, question or seed: of enough, one passes by luck."
)
_SEVERITY = ("fail", "inconclusive", "waived", "pass")


@dataclass(frozen=True, slots=True)
class RuleView:
    """What the page shows of one rule; ``folded`` is the chart of the rows beyond the first `SHOWN`.

    ``improvement`` are the same two charts of a rule against a baseline.
    """

    anchor: str
    rule: RuleResult
    covers: str
    limit: str
    about: str
    caption: str
    plot: Plot | None
    folded: Plot | None
    folded_rows: int
    improvement: list[Plot]
    table: list[Cells]
    methods: str


def rule_views(report: Report) -> list[RuleView]:
    """Return all rules, the failed ones first; rules of one status keep the policy's order."""
    views = [_view(f"rule-{i}", rule, report) for i, rule in enumerate(report.rules, start=1)]
    return sorted(views, key=lambda view: _SEVERITY.index(view.rule.status))


def ranked(rule: RuleResult) -> Placed:
    """Return the measurements that the rule was decided on, furthest outside the limit first."""
    return _by_place(_shown(rule), rule)


def _view(anchor: str, rule: RuleResult, report: Report) -> RuleView:
    facts = facts_of(rule.metric, report.checks)
    common = shared([*rule.measurements, *rule.not_decided])
    rows = _rows(rule, common)
    plots = _plots(rule, rows, facts)
    return RuleView(
        anchor=anchor,
        rule=rule,
        covers=describe(rule.where),
        limit=limits.in_words(rule.limit),
        about=_ABOUT_AUDITS if rule.id == MAX_AUDITS else facts.about,
        caption=describe(common) if len(rows) > 1 else "",
        plot=plots[0] if plots else None,
        folded=plots[1] if len(plots) > 1 else None,
        folded_rows=max(0, len(rows) - SHOWN),
        improvement=improvement_plots(
            f"{rule.metric}: improvement over the baseline", rows, limits.least_improvement(rule.limit), SHOWN
        ),
        table=[cells(row) for row in rows],
        methods=methods(row.measurement for row in rows),
    )


def _shown(rule: RuleResult) -> list[Measurement]:
    """Return what has a place on an axis: a count of audits has none, and the reason says all of it."""
    return [] if rule.id == MAX_AUDITS else rule.measurements


def _by_place(found: Sequence[Measurement], rule: RuleResult) -> Placed:
    placed = [(m, limits.place(m, rule.limit)) for m in found]
    return sorted(placed, key=lambda pair: pair[1].order if pair[1] else (0, 0.0))


def _rows(rule: RuleResult, common: Where) -> list[Row]:
    parts = ((_shown(rule), False), (rule.not_decided, True))
    return [
        Row(_label(m.where, common), m, place, left_out, describe(m.where) or "all rows")
        for found, left_out in parts
        for m, place in _by_place(found, rule)
    ]


def _label(where: Where, common: Where) -> str:
    rest = without(where, common)
    if "attribute" in rest:
        # Each attribute has its own privileged group: it need not stand in every row.
        rest.pop("privileged", None)
    return describe(rest) or describe(where) or "all rows"


def _plots(rule: RuleResult, rows: Sequence[Row], facts: MetricFacts) -> list[Plot]:
    """Return one chart, or two on the same axis where there are more rows than fit a glance."""
    if not rows:
        return []
    guides = Guides(bounds=limits.bounds(rule.limit), ideal=facts.ideal)
    inside = [end for end in guides.finite_bounds if _possible(end, facts)]
    # Groups that are too small to decide must not set the scale of those that are decided.
    telling = [row.measurement for row in rows if not row.left_out] or [row.measurement for row in rows]
    scale = axis(
        [m.value for m in telling] + [m.baseline.value for m in telling if m.baseline],
        [m.ci for m in telling if m.ci],
        keep=inside,
        low=facts.low,
        high=facts.high,
    )
    rows = [replace(row, place=limits.absolute_place(row.measurement, rule.limit)) for row in rows]
    parts = [rows[:SHOWN], rows[SHOWN:]]
    return [interval_plot(f"{rule.metric} against its limit", part, scale, guides) for part in parts if part]


def _possible(end: float, facts: MetricFacts) -> bool:
    return (facts.low is None or end >= facts.low) and (facts.high is None or end <= facts.high)
