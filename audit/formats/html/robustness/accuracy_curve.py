"""Accuracy against the size of the attack, one line an attack, beginning at the accuracy without any."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from audit.attacks import ATTACKS
from audit.formats.html.charts.axis import Axis, axis
from audit.formats.html.charts.interval_plot import percent
from audit.formats.html.charts.scale import Scale, equidistant, thinned
from audit.formats.html.robustness import measurements as measured
from audit.formats.html.robustness.measurements import ALL, WORST, AttackMeasurement
from audit.formats.html.robustness.sentences import accuracy_sentence
from audit.formats.text.safe_text import elide
from audit.numbers import count, number, with_interval, written
from audit.result import Measurement

HEIGHT = 150
_LABEL_HEIGHT = 15.0
_MIN_DISTANCE = 0.16
"""Share of the axis below which the labels of two sizes would meet."""
_MAX_LABELS = 6

Numbers = Mapping[float, Measurement]


@dataclass(frozen=True, slots=True)
class Series:
    """Accuracy under one attack by size: its line, 100 by `HEIGHT`, points and intervals in per cent and pixels.

    Each of the ``points`` has its numbers as a third text.
    """

    kind: str
    name: str
    value: str
    path: str
    points: list[tuple[str, str, str]]
    whiskers: list[tuple[str, str, str]]
    label: str


@dataclass(frozen=True, slots=True)
class AttackCurve:
    """Accuracy over the size of attacks in one norm; ``even`` is whether sizes are at even distances, not to scale.

    ``ticks`` are those of the vertical axis, as (pixels from the top, text).
    """

    norm: str
    sentence: str
    desc: str
    series: list[Series]
    sizes: list[tuple[str, str]]
    even: bool
    ticks: list[tuple[str, str]]


def curves(hits: Sequence[AttackMeasurement], clean: Measurement | None) -> list[AttackCurve]:
    """Return for each norm the chart of accuracy by size, from the measurements of all rows among ``hits``."""
    over_all = [hit for hit in hits if hit.metric == measured.ACCURACY and hit.group == ALL]
    norms = dict.fromkeys(hit.norm for hit in over_all)
    charts = (_chart(norm, [hit for hit in over_all if hit.norm == norm], clean) for norm in norms)
    return [chart for chart in charts if chart]


def _chart(norm: str, hits: Sequence[AttackMeasurement], clean: Measurement | None) -> AttackCurve | None:
    lines = {attack: measured.curve(hits, attack) for attack in measured.attacks(hits)}
    return chart(norm, accuracy_sentence(hits, clean), lines, clean, _look)


def chart(
    norm: str,
    sentence: str,
    lines: Mapping[str, Numbers],
    clean: Measurement | None,
    look: Callable[[str], tuple[str, str]],
) -> AttackCurve | None:
    """Return the chart of accuracies by rising size; None if there is no line.

    Args:
        norm: norm of the sizes.
        sentence: the chart in words.
        lines: the accuracies of each attack by size.
        clean: the accuracy without an attack, where every line begins.
        look: returns the mark of an attack and its short name.
    """
    start = {0.0: clean} if clean and 0 <= clean.value <= 1 else {}
    lines = {attack: {**start, **line} for attack, line in lines.items() if line.keys() - {0.0}}
    if not lines:
        return None
    sizes = sorted({eps for line in lines.values() for eps in line})
    crowded = _crowded(sizes)
    scale = Scale(equidistant(sizes) if crowded else Axis(sizes[0], sizes[-1]).at, _vertical(lines), HEIGHT)
    labels = _spread([scale.y(list(line.values())[-1].value) for line in lines.values()])
    series = [
        _series(*look(attack), line, scale, label)
        for (attack, line), label in zip(lines.items(), labels, strict=True)
    ]
    return AttackCurve(
        norm=norm,
        sentence=sentence,
        desc=f"Sizes from {written(sizes[0])} to {written(sizes[-1])}; "
        + ", ".join(f"{s.name} ends at {s.value}" for s in series)
        + ".",
        # The worst of all attacks is drawn beneath the others, as wide as a shadow.
        series=sorted(series, key=lambda s: s.kind != WORST),
        sizes=[(percent(scale.x(eps)), written(eps)) for eps in thinned(sizes, _MAX_LABELS)],
        even=crowded and len(sizes) > 2,
        ticks=scale.ticks(),
    )


def _vertical(lines: Mapping[str, Numbers]) -> Axis:
    """Return the axis that shows every value with its interval: an axis from 0 to 1 would flatten small losses."""
    measured = [m for line in lines.values() for m in line.values()]
    ends = [end for m in measured if m.ci for end in m.ci]
    return axis([m.value for m in measured], keep=ends, low=0.0, high=1.0)


def _look(attack: str) -> tuple[str, str]:
    mark = WORST if attack == WORST else ATTACKS[attack].mark if attack in ATTACKS else "other"
    return mark, elide(attack, 8)


def _crowded(sizes: Sequence[float]) -> bool:
    """Return whether two sizes would be so close on a linear axis that their labels meet."""
    span = sizes[-1] - sizes[0]
    return span <= 0 or any(b - a < _MIN_DISTANCE * span for a, b in pairwise(sizes))


def _series(kind: str, name: str, line: Numbers, scale: Scale, label: float) -> Series:
    tested = [(eps, m) for eps, m in line.items() if eps > 0]
    return Series(
        kind=kind,
        name=name,
        value=number(tested[-1][1].value),
        path=scale.path((eps, m.value) for eps, m in line.items()),
        points=[(*scale.point(eps, m.value), _tip(name, eps, m)) for eps, m in tested],
        whiskers=[(*scale.point(eps, m.ci[1]), f"{scale.y(m.ci[0]):.1f}") for eps, m in tested if m.ci],
        label=f"{label:.1f}",
    )


def _tip(name: str, eps: float, m: Measurement) -> str:
    return f"{name} at {written(eps)}: {with_interval(m.value, m.ci)}, n {count(m.n)}"


def _spread(heights: Sequence[float]) -> list[float]:
    """Return the heights of labels that do not overlap: in their order, moved as little as possible."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    spread: dict[int, float] = {}
    floor = 4.0
    for i in order:
        spread[i] = floor = max(heights[i], floor)
        floor += _LABEL_HEIGHT
    ceiling = max(HEIGHT - 2.0, 4.0 + _LABEL_HEIGHT * (len(heights) - 1))
    for i in reversed(order):
        spread[i] = ceiling = min(spread[i], ceiling)
        ceiling -= _LABEL_HEIGHT
    return [spread[i] for i in range(len(heights))]
