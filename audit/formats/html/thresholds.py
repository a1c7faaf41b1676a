"""The metrics of a check over the decision threshold: a chart for each metric and attribute."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from audit.formats.html.charts.plot_marks import Guides
from audit.formats.html.charts.threshold_curve import (
    Point,
    ThresholdChart,
    ThresholdValues,
    threshold_chart,
    vertical_axis,
)
from audit.formats.text.catalogue import title, words
from audit.formats.text.margins import bounds
from audit.formats.text.metric_facts import facts_of
from audit.formats.text.safe_text import brief
from audit.formats.text.table_records import Record, figure, group_by, records, text
from audit.numbers import Estimate, estimate, number, with_interval, written
from audit.result import CheckResult, MetricFacts, RuleResult

LINES_PER_CHART = 5
MAX_FOLDED = 25
TABLES = {
    "thresholds": ("attribute", "unprivileged", "privileged", "threshold", "chosen"),
    "threshold_accuracy": ("threshold", "chosen", "accuracy", "accuracy_low", "accuracy_high"),
}
"""The tables drawn here, by name, with the columns that each needs."""


@dataclass(frozen=True, slots=True)
class ThresholdPanel:
    """One attribute's groups over the threshold: those furthest from the ideal, then others on another scale.

    ``folded`` counts these, and ``left_out`` those that are in the JSON only. ``ruled`` if a rule is about it.
    ``table`` has rows of a threshold and the value of each curve of the first chart.
    """

    caption: str
    charts: list[ThresholdChart]
    table: list[tuple[str, list[Estimate]]]
    attribute: str = ""
    privileged: str = ""
    ruled: bool = False
    folded: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class ThresholdMetric:
    """One metric's charts over the decision threshold; ``open`` if a rule of the policy is about it."""

    name: str
    open: bool
    panels: list[ThresholdPanel]


@dataclass(frozen=True, slots=True)
class ThresholdSection:
    """Charts over the decision threshold: the metrics of all comparisons, and the accuracy of all rows."""

    metrics: list[ThresholdMetric]
    accuracy: ThresholdPanel | None


def thresholds(check: CheckResult, rules: Sequence[RuleResult]) -> ThresholdSection | None:
    """Return the charts of a check over the threshold; None if it has neither of the `TABLES`."""
    rows = records(check, "thresholds", TABLES["thresholds"])
    accuracy = _accuracy(check)
    names = [name for name in rows[0] if {f"{name}_low", f"{name}_high"} <= rows[0].keys()] if rows else []
    metrics = [metric for name in names if (metric := _metric(name, rows, check, rules)).panels]
    return ThresholdSection(metrics, accuracy) if metrics or accuracy else None


def _metric(
    name: str, rows: Sequence[Record], check: CheckResult, rules: Sequence[RuleResult]
) -> ThresholdMetric:
    full = f"{check.name}.{name}"
    facts = facts_of(full, [check])
    about_metric = [rule for rule in rules if rule.metric == full]
    panels = [_panel(name, part, facts, about_metric) for part in group_by(rows, "attribute").values()]
    return ThresholdMetric(title(full), bool(about_metric), [panel for panel in panels if panel])


def _panel(
    name: str, rows: Sequence[Record], facts: MetricFacts, rules: Sequence[RuleResult]
) -> ThresholdPanel | None:
    attribute = text(rows[0], "attribute")
    lines = [
        line for group, part in group_by(rows, "unprivileged").items() if (line := _line(group, name, part))
    ]
    if not lines or any(line.thresholds != lines[0].thresholds for line in lines):
        return None
    guides = Guides(bounds=_limit(rules, attribute), ideal=facts.ideal)
    ranked = sorted(lines, key=lambda line: _distance(line.operating_point, facts.ideal), reverse=True)
    furthest = ranked[:LINES_PER_CHART]
    others = ranked[LINES_PER_CHART : LINES_PER_CHART + MAX_FOLDED]
    title = f"{name} of {attribute} over the decision threshold"
    parts = [furthest, *(others[i : i + LINES_PER_CHART] for i in range(0, len(others), LINES_PER_CHART))]
    axes = [vertical_axis(part, guides, facts.low, facts.high) for part in (furthest, others)]
    return ThresholdPanel(
        caption=_caption(furthest[0], guides.bounds),
        charts=[threshold_chart(title, part, axes[i > 0], guides) for i, part in enumerate(parts)],
        table=_table(furthest),
        attribute=attribute,
        privileged=text(rows[0], "privileged"),
        ruled=guides.bounds is not None,
        folded=len(others),
        left_out=len(ranked) - len(furthest) - len(others),
    )


def _accuracy(check: CheckResult) -> ThresholdPanel | None:
    rows = records(check, "threshold_accuracy", TABLES["threshold_accuracy"])
    line = _line("all rows", "accuracy", rows)
    if line is None:
        return None
    vertical = vertical_axis([line], Guides(), 0.0, 1.0)
    chart = threshold_chart("Accuracy over the decision threshold", [line], vertical, Guides())
    return ThresholdPanel(_caption(line, None), [chart], _table([line]))


def _line(group: str, name: str, rows: Sequence[Record]) -> ThresholdValues | None:
    """Return the values of one group; None unless exactly one threshold is the one in use."""
    points = [(_point(row, name), row["chosen"] is True) for row in rows]
    known = [(point, in_use) for point, in_use in points if math.isfinite(point.threshold)]
    operating = [point for point, in_use in known if in_use]
    rising = sorted((point for point, _ in known), key=lambda point: point.threshold)
    return ThresholdValues(group, rising, operating[0]) if len(operating) == 1 else None


def _point(row: Record, name: str) -> Point:
    low = _float(row, f"{name}_low")
    high = _float(row, f"{name}_high")
    ci = None if math.isnan(low) or math.isnan(high) else (low, high)
    return Point(_float(row, "threshold"), _float(row, name), ci)


def _float(row: Record, key: str) -> float:
    """Return a cell as a number: an interval's upper end may be infinite, anything else not finite is NaN."""
    value = figure(row, key)
    return math.inf if row[key] == math.inf else math.nan if value is None else value


def _limit(rules: Sequence[RuleResult], attribute: str) -> tuple[float, float] | None:
    """Return the range of values that meet all rules about comparisons of ``attribute``."""
    limits = [
        limit
        for rule in rules
        if any(m.where.get("attribute") == attribute for m in (*rule.measurements, *rule.not_decided))
        and (limit := bounds(rule.limit))
    ]
    return (max(low for low, _ in limits), min(high for _, high in limits)) if limits else None


def _distance(point: Point, ideal: float | None) -> tuple[float, float]:
    """Return the distances of interval and value from the ideal: the value of a tiny group may be anywhere."""
    centre = ideal or 0.0
    distance = abs(point.value - centre)
    if not math.isfinite(distance):
        return -1.0, 0.0
    low, high = point.ci or (centre, centre)
    return max(low - centre, centre - high, 0.0), distance


def _caption(line: ThresholdValues, limit: tuple[float, float] | None) -> str:
    at = line.operating_point
    value = with_interval(at.value, at.ci)
    first = words(
        "reading", "at_threshold", threshold=written(at.threshold), value=value, group=brief(line.name)
    )
    finite = [point for point in line.points if math.isfinite(point.value)]
    if not finite:
        return first
    ends = [pick(finite, key=lambda point: point.value) for pick in (min, max)]
    lowest, highest = (f"{number(end.value)} at {written(end.threshold)}" for end in ends)
    span = words("reading", "over_thresholds", lowest=lowest, highest=highest)
    return f"{first} {span}{_inside(line, limit)}"


def _inside(line: ThresholdValues, limit: tuple[float, float] | None) -> str:
    if limit is None:
        return ""
    inside = [p.ci is not None and limit[0] <= p.ci[0] and p.ci[1] <= limit[1] for p in line.points]
    allowed = [p.threshold for p, is_inside in zip(line.points, inside, strict=True) if is_inside]
    one_run = len([is_inside for is_inside, _ in groupby(inside) if is_inside]) == 1 < len(allowed)
    ends = {"first": written(allowed[0]), "last": written(allowed[-1])} if one_run else {}
    key = "inside_run" if one_run else "inside"
    return " " + words("reading", key, inside=len(allowed), total=len(inside), **ends)


def _table(lines: Sequence[ThresholdValues]) -> list[tuple[str, list[Estimate]]]:
    """Return every second threshold and the one in use."""
    in_use = lines[0].operating_point.threshold
    return [
        (
            written(threshold) + (" (chosen)" if threshold == in_use else ""),
            [estimate(line.points[i].value, line.points[i].ci) for line in lines],
        )
        for i, threshold in enumerate(lines[0].thresholds)
        if i % 2 or threshold == in_use
    ]
