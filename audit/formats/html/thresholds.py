"""How the metrics of a check change over the decision threshold: a chart for each metric and attribute."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from audit.formats.html.charts.plot_marks import Guides
from audit.formats.html.charts.threshold_curve import Point, Sweep, Swept, sweep, vertical
from audit.formats.html.text.margins import bounds
from audit.formats.html.text.metric_facts import facts_of, short
from audit.formats.html.text.numbers import interval, number, written
from audit.formats.html.text.safe_text import brief
from audit.formats.html.text.table_records import Record, by, records, text
from audit.result import CheckResult, MetricFacts, RuleResult

SHOWN, FOLDED = 5, 25
TABLES = {
    "thresholds": ("attribute", "unprivileged", "privileged", "threshold", "chosen"),
    "threshold_accuracy": ("threshold", "chosen", "accuracy", "accuracy_low", "accuracy_high"),
}
"""The tables that are drawn here, by name, and the columns that each needs."""


@dataclass(frozen=True, slots=True)
class SweptTable:
    """The values behind a chart: ``rows`` are a threshold, and (value, interval) of each of ``heads``."""

    heads: list[str]
    rows: list[tuple[str, list[tuple[str, str]]]]


@dataclass(frozen=True, slots=True)
class SweptPanel:
    """One attribute: the groups furthest from the ideal, then others on a scale of their own.

    ``folded`` counts these, and ``left`` those that stand in the JSON only. ``ruled`` says that a rule is about it.
    """

    attribute: str
    ruled: bool
    privileged: str
    sentence: str
    charts: list[Sweep]
    folded: int
    left: int
    table: SweptTable


@dataclass(frozen=True, slots=True)
class SweptMetric:
    """One metric over the threshold; ``open`` where a rule of the policy is about it."""

    name: str
    open: bool
    panels: list[SweptPanel]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The metrics of all comparisons, and the accuracy of all rows, over the threshold."""

    metrics: list[SweptMetric]
    accuracy: SweptPanel | None


def thresholds(check: CheckResult, rules: Sequence[RuleResult]) -> Thresholds | None:
    """Return the charts of a check that holds the table ``thresholds``; None where it does not."""
    rows, accuracy = records(check, "thresholds", TABLES["thresholds"]), _accuracy(check)
    names = [name for name in rows[0] if {f"{name}_low", f"{name}_high"} <= rows[0].keys()] if rows else []
    metrics = [metric for name in names if (metric := _metric(name, rows, check, rules)).panels]
    return Thresholds(metrics, accuracy) if metrics or accuracy else None


def _metric(
    name: str, rows: Sequence[Record], check: CheckResult, rules: Sequence[RuleResult]
) -> SweptMetric:
    full = f"{check.name}.{name}"
    facts, about = facts_of(full, [check]), [rule for rule in rules if rule.metric == full]
    panels = [_panel(name, part, facts, about) for part in by(rows, "attribute").values()]
    return SweptMetric(short(full, check.name), bool(about), [panel for panel in panels if panel])


def _panel(
    name: str, rows: Sequence[Record], facts: MetricFacts, rules: Sequence[RuleResult]
) -> SweptPanel | None:
    attribute = text(rows[0], "attribute")
    lines = [line for group, part in by(rows, "unprivileged").items() if (line := _line(group, name, part))]
    if not lines or any(_thresholds(line) != _thresholds(lines[0]) for line in lines):
        return None
    guides = Guides(bounds=_limit(rules, attribute), ideal=facts.ideal)
    ranked = sorted(lines, key=lambda line: _distance(line.chosen, facts.ideal), reverse=True)
    shown, others = ranked[:SHOWN], ranked[SHOWN : SHOWN + FOLDED]
    title = f"{name} of {attribute} over the decision threshold"
    parts = [shown, *(others[i : i + SHOWN] for i in range(0, len(others), SHOWN))]
    scales = [vertical(part, guides, facts.low, facts.high) for part in (shown, others)]
    return SweptPanel(
        attribute=attribute,
        ruled=guides.bounds is not None,
        privileged=text(rows[0], "privileged"),
        sentence=_sentence(shown[0], guides.bounds),
        charts=[sweep(title, part, scales[i > 0], guides) for i, part in enumerate(parts)],
        folded=len(others),
        left=len(ranked) - len(shown) - len(others),
        table=_table(shown),
    )


def _accuracy(check: CheckResult) -> SweptPanel | None:
    rows = records(check, "threshold_accuracy", TABLES["threshold_accuracy"])
    line = _line("all rows", "accuracy", rows)
    if line is None:
        return None
    scale = vertical([line], Guides(), 0.0, 1.0)
    chart = sweep("Accuracy over the decision threshold", [line], scale, Guides())
    return SweptPanel("", False, "", _sentence(line, None), [chart], 0, 0, _table([line]))


def _line(group: str, name: str, rows: Sequence[Record]) -> Swept | None:
    """Return the values of one group; None unless exactly one threshold is the chosen one."""
    points = [(_point(row, name), row["chosen"] is True) for row in rows]
    known = [(point, chosen) for point, chosen in points if math.isfinite(point.threshold)]
    marked = [point for point, chosen in known if chosen]
    rising = sorted((point for point, _ in known), key=lambda point: point.threshold)
    return Swept(group, rising, marked[0]) if len(marked) == 1 else None


def _thresholds(line: Swept) -> list[float]:
    return [point.threshold for point in line.points]


def _point(row: Record, name: str) -> Point:
    low, high = _float(row, f"{name}_low"), _float(row, f"{name}_high")
    ci = None if math.isnan(low) or math.isnan(high) else (low, high)
    return Point(_float(row, "threshold"), _float(row, name), ci)


def _float(row: Record, key: str) -> float:
    value = row[key]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value) if abs(value) < 1e300 or value == math.inf else math.nan


def _limit(rules: Sequence[RuleResult], attribute: str) -> tuple[float, float] | None:
    """Return the values that meet all rules that cover comparisons of ``attribute``."""
    held = [
        limit
        for rule in rules
        if any(m.where.get("attribute") == attribute for m in (*rule.measurements, *rule.not_decided))
        and (limit := bounds(rule.limit))
    ]
    return (max(low for low, _ in held), min(high for _, high in held)) if held else None


def _distance(point: Point, ideal: float | None) -> tuple[float, float]:
    """Return how far a value surely is from the ideal, and how far it is: a tiny group may be anywhere."""
    centre = ideal or 0.0
    far = abs(point.value - centre)
    if not math.isfinite(far):
        return -1.0, 0.0
    low, high = point.ci or (centre, centre)
    return max(low - centre, centre - high, 0.0), far


def _sentence(line: Swept, limit: tuple[float, float] | None) -> str:
    at, name = line.chosen, brief(line.name)
    told = f"{number(at.value)} ({interval(at.ci)})" if at.ci else number(at.value)
    first = f"At the chosen threshold, {written(at.threshold)}, it is {told} for {name}"
    finite = [point for point in line.points if math.isfinite(point.value)]
    if not finite:
        return f"{first}."
    ends = [pick(finite, key=lambda point: point.value) for pick in (min, max)]
    least, most = (f"{number(end.value)} at {written(end.threshold)}" for end in ends)
    return f"{first}; over all thresholds it runs from {least} to {most}.{_held(line, limit)}"


def _held(line: Swept, limit: tuple[float, float] | None) -> str:
    if limit is None:
        return ""
    inside = [p.ci is not None and limit[0] <= p.ci[0] and p.ci[1] <= limit[1] for p in line.points]
    at = [p.threshold for p, held in zip(line.points, inside, strict=True) if held]
    together = len([held for held, _ in groupby(inside) if held]) == 1 < len(at)
    where = f", from {written(at[0])} to {written(at[-1])}" if together else ""
    return f" Its whole interval lies inside the limit at {len(at)} of {len(inside)} thresholds{where}."


def _table(lines: Sequence[Swept]) -> SweptTable:
    """Return every second threshold and the chosen one."""
    chosen = lines[0].chosen.threshold
    kept = [i for i, p in enumerate(lines[0].points) if i % 2 or p.threshold == chosen]
    return SweptTable(
        heads=[line.name for line in lines],
        rows=[
            (_label(lines[0].points[i].threshold, chosen), [_cell(line.points[i]) for line in lines])
            for i in kept
        ],
    )


def _label(threshold: float, chosen: float) -> str:
    return written(threshold) + (" (chosen)" if threshold == chosen else "")


def _cell(point: Point) -> tuple[str, str]:
    return number(point.value), interval(point.ci) if point.ci else ""
