"""Bars of page one: the rate of each group, and the lowest rate that a rule on the ratio of rates allows."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from audit.formats.text.margins import bounds
from audit.numbers import count, interval, number, per_cent, per_cents
from audit.result import Measurement, Report

MAX_GROUPS = 12
_RATIO = "fairness.disparate_impact"


class GroupBar(NamedTuple):
    """One group's value: texts, and in per cent of the width the length of its bar and the ends of its interval.

    ``limit`` is the place of the lowest rate that a rule on the ratio of rates allows, if there is one.
    """

    group: str
    value: str
    ci: str
    rows: str
    length: str
    ends: tuple[str, str] | None
    privileged: bool
    limit: str | None = None


Group = tuple[str, str]
"""An attribute and one of its groups."""


def lowest_rates(report: Report) -> dict[Group, tuple[float, float]]:
    """Return for each compared group the lowest allowed ratio of selection rates, and the rate at which it is met."""
    lowest: dict[Group, tuple[float, float]] = {}
    for rule in report.rules:
        low, _ = bounds(rule.limit) or (-math.inf, math.inf)
        for m in (*rule.measurements, *rule.not_decided):
            positive, rows = m.counts.get("privileged") or (0.0, 0.0)
            if rule.metric == _RATIO and low > 0 and rows > 0:
                for group in m.members or [str(m.where.get("unprivileged"))]:
                    lowest[str(m.where.get("attribute")), group] = (low, low * positive / rows)
    return lowest


def group_bars(
    report: Report, by_group: Mapping[Group, Measurement], lowest: Mapping[Group, float]
) -> dict[str, list[GroupBar]]:
    """Return the bars of whole attributes, as many as fit; of a first one that is too large, its largest groups."""
    highest = max((m.value for m in by_group.values() if m.value == m.value), default=0.0)
    bars: dict[str, list[GroupBar]] = {}
    room = MAX_GROUPS
    for facts in report.data.groups:
        known = [name for name in facts.rows if (facts.attribute, name) in by_group]
        if not known or "*" in facts.attribute or (bars and len(known) > room):
            continue
        largest = sorted(known, key=lambda name: -facts.rows[name])[:room]
        bars[facts.attribute] = [
            _bar(
                name,
                by_group[facts.attribute, name],
                highest,
                name in facts.privileged,
                lowest.get((facts.attribute, name)),
            )
            for name in known
            if name in largest
        ]
        room -= len(largest)
    return bars


def _bar(name: str, m: Measurement, highest: float, privileged: bool, lowest: float | None) -> GroupBar:
    scale = 1.0 / highest if highest > 0 else 0.0
    is_share = m.metric != "performance.mae"
    ends = tuple(_width(end * scale) for end in m.ci) if m.ci else None
    return GroupBar(
        group=name,
        value=per_cent(m.value) if is_share else number(m.value),
        ci=(per_cents(m.ci) if is_share else interval(m.ci)) if m.ci else "",
        rows=count(m.n),
        length=_width(m.value * scale),
        ends=(ends[0], ends[1]) if ends else None,
        privileged=privileged,
        limit=None if lowest is None else _width(lowest * scale),
    )


def _width(share: float) -> str:
    """Return a place on the bars' scale as SVG writes it; a fifth is left for the interval of the highest."""
    return f"{80 * min(1.25, max(0.0, share)):.1f}%" if share == share else "0%"
