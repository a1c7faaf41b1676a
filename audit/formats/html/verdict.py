"""Page one: the verdict, a sentence for each rule that decides it, the main figures, and what to do next."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from audit.formats.html.main_figures import MainFigures, main_figures
from audit.formats.html.rules import RuleView
from audit.formats.html.unlimited_gaps import unlimited_gaps
from audit.formats.rule_text import SEVERITY, by_place
from audit.formats.small_groups import left_out, rows_in_words, undecided_rows
from audit.formats.text.catalogue import title, words
from audit.formats.text.margins import bounds
from audit.formats.text.metric_facts import min_rows, turned_off
from audit.formats.text.where_labels import describe
from audit.numbers import with_interval
from audit.result import CheckResult, Measurement, Report, RuleStatus
from audit.result.small_groups import where_in_words

_MAX_ABOVE_PASSED = 2


@dataclass(frozen=True, slots=True)
class VerdictView:
    """The parts of page one.

    ``passed`` are the rules that passed, closest to their limit first; a report that does not pass has none of them if
    other rules fill the page.
    ``outside`` are the small groups whose whole interval lies outside a limit, ``left_out`` all small groups with
    their rows and value; ``undecided_rows`` says by attribute which share of the rows no rule decided on, and
    ``gaps`` are the large gaps that no rule limits. ``warnings`` name rules by their titles.
    """

    counts: dict[RuleStatus, int]
    blocked: list[RuleView]
    undecided: list[RuleView]
    waived: list[RuleView]
    passed: list[RuleView]
    outside: list[str]
    left_out: dict[str, tuple[str, str]]
    undecided_rows: list[str]
    gaps: list[str]
    warnings: list[str]
    min_rows: str
    not_measured: list[CheckResult]
    turned_off: list[str]
    figures: MainFigures
    next_step: str


def verdict_view(report: Report, views: list[RuleView]) -> VerdictView:
    """Return page one, from the report and its rules in the order shown."""
    by_status = {status: [view for view in views if view.rule.status == status] for status in SEVERITY}
    return VerdictView(
        counts={status: len(rules) for status, rules in by_status.items() if rules},
        blocked=by_status["fail"],
        undecided=by_status["inconclusive"],
        waived=by_status["waived"],
        passed=_passed(report, by_status),
        outside=list(_outside(report)),
        left_out=left_out(report),
        undecided_rows=list(undecided_rows(report)),
        gaps=unlimited_gaps(report),
        warnings=[_titled(text, views) for text in report.warnings],
        min_rows=min_rows(report),
        not_measured=[check for check in report.checks if check.status != "measured"],
        turned_off=turned_off(report),
        figures=main_figures(report),
        next_step=_next_step(report),
    )


def _passed(report: Report, by_status: Mapping[RuleStatus, list[RuleView]]) -> list[RuleView]:
    above = sum(len(rules) for status, rules in by_status.items() if status != "pass")
    has_room = report.verdict == "pass" or above <= _MAX_ABOVE_PASSED
    return sorted(by_status["pass"], key=_margin) if has_room else []


def _margin(view: RuleView) -> float:
    """Return the least margin of a passed rule's intervals, as a share of its limit: margins differ in unit."""
    size = max(map(abs, view.rule.limit.values()), default=0.0) or 1.0
    low, high = bounds(view.rule.limit) or (-math.inf, math.inf)
    ends = [m.ci or (m.value, m.value) for m in view.rule.measurements]
    margin = min((min(end[0] - low, high - end[1]) for end in ends), default=math.inf)
    return (view.place.margin if math.isinf(margin) and view.place else margin) / size


def _outside(report: Report) -> Iterator[str]:
    """Yield the small groups that are wholly outside a limit, each with its value and rows, furthest first."""
    for rule in report.rules:
        for measurement, place in by_place(rule.not_decided, rule):
            if place and place.side == "outside":
                yield _small_group(measurement, report)


def _titled(warning: str, views: list[RuleView]) -> str:
    """Return a warning that begins with a rule's id with the rule's title instead."""
    named = next((view for view in views if warning.startswith(f"{view.rule.id}: ")), None)
    return warning if named is None else named.title + warning.removeprefix(named.rule.id)


def _small_group(m: Measurement, report: Report) -> str:
    rows = rows_in_words(m, report.data.groups)
    name = title(m.metric).lower()
    return f"{describe(where_in_words(m))}: {name} {with_interval(m.value, m.ci)}, {rows}"


def _open_question(report: Report) -> str:
    """Return the catalogue's key of what keeps the verdict from a pass."""
    undecided = any(rule.status == "inconclusive" for rule in report.rules)
    if report.verdict == "fail":
        return "fail_and_undecided" if undecided else "fail"
    if undecided:
        return "inconclusive"
    return "no_result" if report.rules else "no_rules"


def _next_step(report: Report) -> str:
    name = report.about.get("owner")
    owner = words("next", "named_owner", name=name) if name else words("next", "owner")
    if report.verdict != "pass":
        return words("next", _open_question(report), owner=owner)
    gate = report.policy.effective.get("gate")
    approvals = gate.get("approvals") if isinstance(gate, Mapping) else None
    if not isinstance(approvals, Mapping):
        return words("next", "pass" if report.warnings else "pass_quiet")
    return words("next", "pass_approvals", count=approvals["count"], keys=len(approvals["keys"]))
