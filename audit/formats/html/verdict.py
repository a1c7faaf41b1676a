"""The first screen: what blocked and by how much, what was not decided, and what to bear in mind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from audit.formats.html.rules import RuleView, ranked
from audit.formats.html.text.metric_facts import min_rows, turned_off
from audit.formats.html.text.numbers import count, interval, number
from audit.formats.html.text.where_labels import describe, rows_of
from audit.result import CheckResult, Measurement, Report, RuleStatus

_STATUSES: tuple[RuleStatus, ...] = ("fail", "inconclusive", "waived", "pass")


@dataclass(frozen=True, slots=True)
class Nearest:
    """The measurement of a rule that lies furthest outside its limit, or nearest to it."""

    view: RuleView
    label: str
    value: str
    ci: str
    rows: str
    words: str
    outside: int
    total: int


@dataclass(frozen=True, slots=True)
class VerdictView:
    """What the first screen shows.

    ``left_out`` maps each group to its fewest rows and what the metric that counts them measured;
    ``without_rule`` are protected attributes that no rule covers, ``repeated_rows`` those that narrow the intervals.
    """

    counts: dict[RuleStatus, int]
    blocked: list[Nearest]
    undecided: list[Nearest]
    waived: list[RuleView]
    closest: Nearest | None
    left_out: dict[str, tuple[str, str]]
    min_rows: str
    not_measured: list[CheckResult]
    repeated_rows: int
    turned_off: list[str]
    without_rule: list[str]
    warnings: list[str]


def verdict_view(report: Report, views: list[RuleView]) -> VerdictView:
    """Gather the first screen from the report and its rules in the order shown."""
    tally = Counter(rule.status for rule in report.rules)
    passed = [view for view in views if view.rule.status == "pass"]
    return VerdictView(
        counts={status: tally[status] for status in _STATUSES if tally[status]},
        blocked=[_nearest(view) for view in views if view.rule.status == "fail"],
        undecided=[_nearest(view) for view in views if view.rule.status == "inconclusive"],
        waived=[view for view in views if view.rule.status == "waived"],
        closest=_closest(passed) if report.verdict == "pass" else None,
        left_out=_left_out(report),
        min_rows=min_rows(report),
        not_measured=[check for check in report.checks if check.status != "measured"],
        repeated_rows=report.narrowing_rows,
        turned_off=turned_off(report),
        without_rule=_without_rule(report),
        warnings=report.warnings,
    )


def _nearest(view: RuleView) -> Nearest:
    placed = ranked(view.rule)
    outside = sum(1 for _, place in placed if place and place.side == "outside")
    if not placed:
        return Nearest(view, "", "", "", "", "", outside, 0)
    found, place = placed[0]
    return Nearest(
        view=view,
        label=describe(found.where) or "all rows",
        value=number(found.value),
        ci=interval(found.ci) if found.ci else "",
        rows=count(rows_of(found)),
        words=place.words if place else "",
        outside=outside,
        total=len(placed),
    )


def _closest(passed: list[RuleView]) -> Nearest | None:
    """Return the passed rule with the least margin, as a share of its limit: margins differ in unit."""
    margins = [(margin, i) for i, view in enumerate(passed) if (margin := _margin(view)) is not None]
    return _nearest(passed[min(margins)[1]]) if margins else None


def _margin(view: RuleView) -> float | None:
    placed = ranked(view.rule)
    size = max((abs(end) for end in view.rule.limit.values()), default=0.0)
    return placed[0][1].margin / (size or 1.0) if placed and placed[0][1] else None


def _without_rule(report: Report) -> list[str]:
    covered = {
        m.where.get("attribute") for rule in report.rules for m in [*rule.measurements, *rule.not_decided]
    }
    return [groups.attribute for groups in report.data.groups if groups.attribute not in covered]


def _left_out(report: Report) -> dict[str, tuple[str, str]]:
    fewest: dict[str, Measurement] = {}
    for rule in report.rules:
        for found in rule.not_decided:
            group = {k: v for k, v in found.where.items() if k in ("attribute", "group", "unprivileged")}
            name = describe(group) or describe(found.where) or "all rows"
            fewest[name] = min(found, fewest.get(name, found), key=lambda m: m.rows)
    ordered = sorted(fewest.items(), key=lambda item: item[1].rows)
    return {name: (count(m.rows), _measured(m)) for name, m in ordered}


def _measured(found: Measurement) -> str:
    value = f"{found.metric.partition('.')[2]} {number(found.value)}"
    return f"{value} ({interval(found.ci)})" if found.ci else value
