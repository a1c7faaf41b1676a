"""The first screen: verdict, blocking and undecided rules with their margins, warnings."""

from collections import Counter
from dataclasses import dataclass

from audit.formats.html.rules import RuleView
from audit.formats.rule_text import SEVERITY, ranked
from audit.formats.small_groups import left_out, undecided_rows
from audit.formats.text.measurement_text import measurement_text
from audit.formats.text.metric_facts import min_rows, turned_off
from audit.result import CheckResult, Report, RuleStatus


@dataclass(frozen=True, slots=True)
class Nearest:
    """The measurement, as text, that is furthest outside the limit of its rule, or nearest to it."""

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
    """The page's first screen: blocking and undecided rules with their margins, and what was left out.

    ``left_out`` maps each group to its rows, all and in the metric that counts fewest, and that metric's value;
    ``undecided_rows`` says by attribute which share of the rows no rule decided on.
    """

    counts: dict[RuleStatus, int]
    blocked: list[Nearest]
    undecided: list[Nearest]
    waived: list[RuleView]
    closest: Nearest | None
    left_out: dict[str, tuple[str, str]]
    undecided_rows: list[str]
    min_rows: str
    not_measured: list[CheckResult]
    turned_off: list[str]


def verdict_view(report: Report, views: list[RuleView]) -> VerdictView:
    """Return the page's first screen, from the report and its rules in the order shown."""
    tally = Counter(rule.status for rule in report.rules)
    passed = [view for view in views if view.rule.status == "pass"]
    return VerdictView(
        counts={status: tally[status] for status in SEVERITY if tally[status]},
        blocked=[_nearest(view) for view in views if view.rule.status == "fail"],
        undecided=[_nearest(view) for view in views if view.rule.status == "inconclusive"],
        waived=[view for view in views if view.rule.status == "waived"],
        closest=_closest(passed) if report.verdict == "pass" else None,
        left_out=left_out(report),
        undecided_rows=list(undecided_rows(report)),
        min_rows=min_rows(report),
        not_measured=[check for check in report.checks if check.status != "measured"],
        turned_off=turned_off(report),
    )


def _nearest(view: RuleView) -> Nearest:
    measurements = ranked(view.rule)
    if not measurements:
        return Nearest(view, "", "", "", "", "", 0, 0)
    nearest, place = measurements[0]
    return Nearest(
        view=view,
        **measurement_text(nearest)._asdict(),
        words=place.words if place else "",
        outside=sum(1 for _, place in measurements if place and place.side == "outside"),
        total=len(measurements),
    )


def _closest(passed: list[RuleView]) -> Nearest | None:
    """Return the passed rule with the least margin, as a share of its limit: margins differ in unit."""
    margins = [
        (place.margin / (max(map(abs, view.rule.limit.values()), default=0.0) or 1.0), i)
        for i, view in enumerate(passed)
        for _, place in ranked(view.rule)[:1]
        if place
    ]
    return _nearest(passed[min(margins)[1]]) if margins else None
