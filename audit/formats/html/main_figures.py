"""The main figures of page one: a few values, the rate of each group, and the confusion matrix of the outcome."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from audit.formats.html.group_bars import GroupBar, group_bars, lowest_rates
from audit.formats.text.catalogue import title, words
from audit.formats.text.margins import in_words
from audit.formats.text.where_labels import describe, scalar, without
from audit.numbers import count, interval, number, per_cent, written
from audit.result import Measurement, Report

_VALUES = (
    "performance.accuracy",
    "performance.auc",
    "performance.macro_auc",
    "performance.r2",
    "performance.mae",
)
_MAX_VALUES = 2
_BY_GROUP = ("performance.selection_rate", "performance.accuracy", "performance.mae")
_ATTACKED = "robustness.adversarial_accuracy"
_USUAL_EPS = 0.1


class MainFigure(NamedTuple):
    """One value of page one as text: its title, value and interval, what it is of, if not all rows, and its limit."""

    title: str
    value: str
    ci: str
    label: str = ""
    limit: str = ""


Confusion = list[list[tuple[str, str]]]
"""Two rows by true outcome of two cells by decision, favourable first: a count, and its share of the row."""


@dataclass(frozen=True, slots=True)
class MainFigures:
    """The figures of page one; ``groups`` has each attribute's bars, of the metric titled ``group_title``.

    ``more_groups`` is the number of groups that are not among them. ``outcomes`` names the favourable outcome and the
    other one; ``selected`` is whether the bars are rates of the first. ``ratio`` is the lowest ratio to the privileged
    group's rate that a rule allows, if it is one and the same for all bars that have a limit.
    """

    values: list[MainFigure]
    group_title: str
    groups: dict[str, list[GroupBar]]
    more_groups: int
    confusion: Confusion
    outcomes: tuple[str, str]
    selected: bool
    ratio: str


def main_figures(report: Report) -> MainFigures:
    """Return the figures of page one, as far as the report has them."""
    measurements = [m for check in report.checks for m in check.measurements]
    overall = {m.metric: m for m in measurements if not m.where}
    metric = next((name for name in _BY_GROUP if any(m.metric == name and m.where for m in measurements)), "")
    by_group = {
        (str(m.where["attribute"]), str(m.where["group"])): m
        for m in measurements
        if m.metric == metric and m.where.keys() == {"attribute", "group"}
    }
    selected = metric == _BY_GROUP[0]
    lowest = lowest_rates(report) if selected else {}
    groups = group_bars(report, by_group, {key: rate for key, (_, rate) in lowest.items()})
    ratios = {ratio for ratio, _ in lowest.values()}
    bars = sum(map(len, groups.values()))
    return MainFigures(
        values=[*_values(report, overall), *_attacked(report, measurements)],
        group_title=title(metric) if metric else "",
        groups=groups,
        more_groups=sum(len(facts.rows) for facts in report.data.groups) - bars if groups else 0,
        confusion=_confusion(overall, report.data.rows),
        outcomes=_outcomes(report),
        selected=selected,
        ratio=written(*ratios) if len(ratios) == 1 else "",
    )


def _values(report: Report, overall: Mapping[str, Measurement]) -> list[MainFigure]:
    present = [overall[name] for name in _VALUES if name in overall][:_MAX_VALUES]
    return [_figure(report, m) for m in present]


def _figure(report: Report, m: Measurement, label: str = "") -> MainFigure:
    limits = [
        rule.limit
        for rule in report.rules
        if rule.metric == m.metric and any(each.where == m.where for each in rule.measurements)
    ]
    limit = words("figure", "limit", limit="; ".join(map(in_words, limits))) if limits else ""
    return MainFigure(title(m.metric), number(m.value), interval(m.ci, ""), label, limit)


def _attacked(report: Report, measurements: Sequence[Measurement]) -> Iterator[MainFigure]:
    """Yield the accuracy under attack that a rule is about; without one, under the worst attack of the usual size."""
    ruled = [m for rule in report.rules if rule.metric == _ATTACKED for m in rule.measurements]
    worst = [m for m in measurements if m.metric == _ATTACKED and m.where.get("attack") == "worst"]
    of_all = [m for m in ruled or worst if "group" not in m.where]
    if of_all:
        m = min(of_all, key=_distance_from_usual)
        attack = describe(without(m.where, {"norm": ""}))
        yield _figure(report, m, attack)


def _distance_from_usual(m: Measurement) -> float:
    eps = m.where.get("eps")
    return abs(eps - _USUAL_EPS) if isinstance(eps, int | float) else math.inf


def _confusion(overall: Mapping[str, Measurement], rows: int) -> Confusion:
    """Return the cells behind the true and the false positive rate; none if rows have weights or clusters."""
    rates = [overall.get(f"performance.{name}_positive_rate") for name in ("true", "false")]
    counts = [m.counts.get("rate", []) for m in rates if m]
    if [len(pair) for pair in counts] != [2, 2] or sum(total for _, total in counts) != rows:
        return []
    return [
        [(count(cell), per_cent(cell / total) if total else "") for cell in (selected, total - selected)]
        for selected, total in counts
    ]


def _outcomes(report: Report) -> tuple[str, str]:
    """Return the names of the outcomes: both values of two classes, else words."""
    favorable = report.data.favorable
    other = [value for value in report.model.output.classes if value not in favorable]
    if isinstance(favorable, list) and len(favorable) == len(other) == 1:
        return scalar(favorable[0]), scalar(other[0])
    return words("outcome", "favourable"), words("outcome", "unfavourable")
