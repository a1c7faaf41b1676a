"""Accuracy by group under attack: a row a group, from its accuracy without an attack down over all sizes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.formats.html.charts.axis import Axis, axis
from audit.formats.html.charts.interval_plot import percent, ticks
from audit.formats.html.charts.plot_marks import Line
from audit.formats.html.robustness import measurements as measured
from audit.formats.html.robustness.measurements import ALL, AttackMeasurement, Group, label_of
from audit.formats.text.catalogue import words
from audit.formats.text.safe_text import brief
from audit.numbers import count, number, with_interval, written
from audit.result import Measurement

MAX_OPEN_GROUPS = 12


@dataclass(frozen=True, slots=True)
class Track:
    """One group's accuracy under attack: span from first to last point, points by rising size, and their intervals.

    ``tip`` has the accuracy at each size with its interval, as text.
    """

    label: str
    value: str
    tip: str
    rows: str
    span: tuple[str, str]
    start: str | None
    points: list[str]
    bars: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class TrackPlot:
    """A chart of the accuracy of some groups of one attribute, above their axis."""

    title: str
    tracks: list[Track]
    ticks: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class GroupPanel:
    """Accuracy by group of one attribute; groups beyond the first `MAX_OPEN_GROUPS` are in a second plot."""

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


def panels(hits: Sequence[AttackMeasurement], clean: Mapping[Group, Measurement]) -> list[GroupPanel]:
    """Return the accuracy by group of each attribute, under the strongest attack that was measured."""
    by_group = [hit for hit in hits if hit.metric == measured.ACCURACY and hit.group != ALL]
    attack = measured.strongest(by_group)
    if attack is None:
        return []
    norm = next(hit.norm for hit in by_group if hit.attack == attack)
    under_attack = [hit for hit in by_group if hit.attack == attack and hit.norm == norm]
    groups: dict[str, list[_Group]] = {}
    for attribute, group in dict.fromkeys(hit.group for hit in under_attack):
        start = clean.get((attribute, group))
        defined = start if start and math.isfinite(start.value) else None
        if sizes := measured.curve(under_attack, attack, (attribute, group)):
            groups.setdefault(attribute, []).append(_Group(group, defined, sizes))
    return [_panel(name, members, attack, measured.middle(under_attack)) for name, members in groups.items()]


def _panel(attribute: str, groups: Sequence[_Group], attack: str, eps: float | None) -> GroupPanel:
    measurements = [m for group in groups for m in group.all]
    scale = axis(
        [], [m.ci for m in measurements if m.ci], keep=[m.value for m in measurements], low=0.0, high=1.0
    )
    title = f"Accuracy of {attribute} under {label_of(attack)}"
    parts = [part for part in (groups[:MAX_OPEN_GROUPS], groups[MAX_OPEN_GROUPS:]) if part]
    return GroupPanel(
        attribute=attribute,
        sentence=_sentence(groups, attack, eps),
        plots=[_plot(title, part, scale) for part in parts],
        folded_rows=max(0, len(groups) - MAX_OPEN_GROUPS),
    )


def _plot(title: str, groups: Sequence[_Group], scale: Axis) -> TrackPlot:
    return TrackPlot(
        title=title,
        tracks=[_track(group, scale) for group in groups],
        ticks=ticks(scale),
    )


def _track(group: _Group, scale: Axis) -> Track:
    places = [scale.at(m.value) for m in group.all]
    first = group.all[0]
    last = group.all[-1]
    return Track(
        label=group.name,
        value=f"{first.value:.2f} → {last.value:.2f}" if first is not last else f"{last.value:.2f}",
        tip="; ".join(with_interval(m.value, m.ci) for m in group.all),
        rows=count(last.n),
        span=(percent(min(places)), percent(max(places) - min(places))),
        start=percent(scale.at(group.clean.value)) if group.clean else None,
        points=[percent(scale.at(m.value)) for m in group.sizes.values()],
        bars=[_bar(m.ci, scale) for m in group.sizes.values() if m.ci and not any(map(math.isnan, m.ci))],
    )


def _bar(ci: tuple[float, float], scale: Axis) -> tuple[str, str]:
    start, stop = map(scale.at, ci)
    return percent(start), percent(max(stop - start, 0.0))


def _sentence(groups: Sequence[_Group], attack: str, eps: float | None) -> str:
    at_eps = {group.name: m for group in groups for size, m in group.sizes.items() if size == eps}
    if not at_eps or eps is None:
        return ""
    lowest = min(at_eps, key=lambda name: at_eps[name].value)
    highest = max(at_eps, key=lambda name: at_eps[name].value)
    key = "group" if len(at_eps) == 1 else "groups"
    if len(at_eps) > 1 and number(at_eps[lowest].value) == number(at_eps[highest].value):
        key = "equal_groups"
    return words(
        "attack",
        key,
        attack=label_of(attack),
        eps=written(eps),
        value=number(at_eps[lowest].value),
        lowest=brief(lowest),
        low=with_interval(at_eps[lowest].value, at_eps[lowest].ci),
        highest=brief(highest),
        high=with_interval(at_eps[highest].value, at_eps[highest].ci),
    )
