"""Accuracy by group under attack: a row a group, from its accuracy without an attack down over all sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.formats.html.charts.axis import Axis, axis
from audit.formats.html.charts.interval_plot import FOOT, HEAD, LABEL_COLUMNS, ROW, percent, ticks
from audit.formats.html.charts.plot_marks import Line
from audit.formats.html.robustness import measurements as measured
from audit.formats.html.robustness.measurements import ALL, Attacked, Who, called
from audit.formats.html.robustness.sentences import told
from audit.formats.html.text.numbers import brief_count, number, written
from audit.formats.html.text.safe_text import brief, elide
from audit.result import Measurement

SHOWN = 12


@dataclass(frozen=True, slots=True)
class Track:
    """One group: the span from first to last point, the points by rising size, and their intervals."""

    label: str
    value: str
    rows: str
    y: int
    span: tuple[str, str]
    start: str | None
    points: list[str]
    bars: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class TrackPlot:
    """Some groups of one attribute, above their axis."""

    title: str
    desc: str
    height: int
    tracks: list[Track]
    ticks: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class GroupPanel:
    """One attribute; ``plots`` holds a second chart for the groups beyond the first `SHOWN`."""

    attribute: str
    sentence: str
    plots: list[TrackPlot]
    folded_rows: int


@dataclass(frozen=True, slots=True)
class _Group:
    name: str
    clean: Measurement | None
    sizes: dict[float, Measurement]

    @property
    def all(self) -> list[Measurement]:
        return [*([self.clean] if self.clean else []), *self.sizes.values()]


def panels(hits: Sequence[Attacked], clean: Mapping[Who, Measurement]) -> list[GroupPanel]:
    """Return a panel for each attribute, under the strongest attack that was measured."""
    found = [hit for hit in hits if hit.metric == measured.ACCURACY and hit.who != ALL]
    attack = measured.strongest(found)
    if attack is None:
        return []
    norm = next(hit.norm for hit in found if hit.attack == attack)
    shown = [hit for hit in found if hit.attack == attack and hit.norm == norm]
    groups: dict[str, list[_Group]] = {}
    for attribute, group in dict.fromkeys(hit.who for hit in shown):
        who = (attribute, group)
        start = clean.get(who)
        defined = start if start and math.isfinite(start.value) else None
        if sizes := measured.curve(shown, attack, who):
            groups.setdefault(attribute, []).append(_Group(group, defined, sizes))
    return [_panel(name, members, attack, measured.middle(shown)) for name, members in groups.items()]


def _panel(attribute: str, groups: Sequence[_Group], attack: str, eps: float | None) -> GroupPanel:
    every = [m for group in groups for m in group.all]
    scale = axis([], [m.ci for m in every if m.ci], keep=[m.value for m in every], low=0.0, high=1.0)
    title = f"Accuracy of {attribute} under {called(attack)}"
    parts = [part for part in (groups[:SHOWN], groups[SHOWN:]) if part]
    return GroupPanel(
        attribute=attribute,
        sentence=_sentence(groups, attack, eps),
        plots=[_plot(title, part, scale) for part in parts],
        folded_rows=max(0, len(groups) - SHOWN),
    )


def _plot(title: str, groups: Sequence[_Group], scale: Axis) -> TrackPlot:
    return TrackPlot(
        title=title,
        desc=f"Axis from {number(scale.low)} to {number(scale.high)}; {len(groups)} groups.",
        height=HEAD + ROW * len(groups) + FOOT,
        tracks=[_track(group, HEAD + ROW * i, scale) for i, group in enumerate(groups)],
        ticks=ticks(scale),
    )


def _track(group: _Group, y: int, scale: Axis) -> Track:
    places = [scale.at(m.value) for m in group.all]
    first, last = group.all[0], group.all[-1]
    return Track(
        label=elide(group.name, LABEL_COLUMNS),
        value=f"{first.value:.2f} → {last.value:.2f}" if first is not last else f"{last.value:.2f}",
        rows=brief_count(last.n),
        y=y,
        span=(percent(min(places)), percent(max(places) - min(places))),
        start=percent(scale.at(group.clean.value)) if group.clean else None,
        points=[percent(scale.at(m.value)) for m in group.sizes.values()],
        bars=[_bar(m.ci, scale) for m in group.sizes.values() if m.ci and not any(map(math.isnan, m.ci))],
    )


def _bar(ci: tuple[float, float], scale: Axis) -> tuple[str, str]:
    start, stop = scale.at(ci[0]), scale.at(ci[1])
    return percent(start), percent(max(stop - start, 0.0))


def _sentence(groups: Sequence[_Group], attack: str, eps: float | None) -> str:
    at = [(group.name, group.sizes[eps]) for group in groups if eps in group.sizes] if eps is not None else []
    if not at or eps is None:
        return ""
    least, most = (pick(at, key=lambda item: item[1].value) for pick in (min, max))
    head = f"Under {called(attack)} at eps {written(eps)}, accuracy is"
    if len(at) == 1:
        return f"{head} {told(least[1])} for {brief(least[0])}."
    if number(least[1].value) == number(most[1].value):
        return f"{head} {number(least[1].value)} for every group."
    return f"{head} lowest for {brief(least[0])}: {told(least[1])}, and highest for {brief(most[0])}: {told(most[1])}."
