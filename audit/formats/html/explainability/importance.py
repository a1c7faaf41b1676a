"""The features by how much they count, each with the strip of its attributions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.formats.html.charts.interval_plot import percent, ticks
from audit.formats.html.charts.measurement_table import methods, rows_of_all
from audit.formats.html.charts.plot_marks import Line
from audit.formats.html.explainability.beeswarm import Swarm, swarms
from audit.formats.html.text.numbers import count, interval, number, per_cent, per_cents
from audit.formats.html.text.safe_text import brief
from audit.formats.html.text.table_records import Record
from audit.result import Measurement

SIZE, SHARE, DIRECTION = "mean_abs_attribution", "attribution_share", "attribution_direction"
_CLEAR = 0.5

Numbers = dict[str, Measurement]
"""The measurements of one feature by `SIZE`, `SHARE` and `DIRECTION`."""


@dataclass(frozen=True, slots=True)
class Feature:
    """Each number is text with its interval; ``way`` is ``up``, ``down`` or empty; places are in per cent."""

    name: str
    protected: list[str]
    size: tuple[str, str]
    share: tuple[str, str]
    direction: tuple[str, str]
    way: str
    words: str
    bar: str | None
    whisker: tuple[str, str] | None
    swarm: Swarm | None


def feature(name: str, numbers: Numbers, protected: list[str], top: float, swarm: Swarm | None) -> Feature:
    """Lay out one feature; a mean attribution of ``top`` fills the bar's width."""
    size, share, direction = (numbers.get(key) for key in (SIZE, SHARE, DIRECTION))
    way, words = _way(direction)
    return Feature(
        name=name,
        protected=protected,
        size=_numbered(size),
        share=(per_cent(share.value), per_cents(share.ci) if share.ci else "") if share else ("", ""),
        direction=_numbered(direction),
        way=way,
        words=words,
        bar=percent(100 * size.value / top) if size and top > 0 and 0 <= size.value <= top else None,
        whisker=_whisker(size, top),
        swarm=swarm,
    )


def _numbered(found: Measurement | None) -> tuple[str, str]:
    if found is None:
        return "", ""
    return number(found.value), interval(found.ci) if found.ci else ""


def _whisker(found: Measurement | None, top: float) -> tuple[str, str] | None:
    if found is None or found.ci is None or top <= 0 or not all(map(math.isfinite, found.ci)):
        return None
    first, last = (100 * max(end, 0.0) / top for end in found.ci)
    return percent(first), percent(last)


def _way(found: Measurement | None) -> tuple[str, str]:
    """Say what higher values do; a direction is claimed only where its interval leaves out 0."""
    if found is None:
        return "", ""
    low, high = found.ci or (found.value, found.value)
    if not (low > 0 or high < 0):
        return "", "no clear direction"
    way, verb = ("up", "raise it") if found.value > 0 else ("down", "lower it")
    return way, verb if abs(found.value) >= _CLEAR else f"tend to {verb}"


SHOWN = 20


@dataclass(frozen=True, slots=True)
class Importance:
    """The features by falling share, those beyond the first `SHOWN` in ``more``.

    ``ticks`` are those of the axis that all strips share; ``coloured`` and ``grey`` say which strips
    there are: of features whose values have an order, and of others.
    """

    sentence: str
    features: list[Feature]
    more: list[Feature]
    ticks: tuple[Line, ...]
    coloured: bool
    grey: bool
    rows: str
    methods: str


def importance(
    found: Sequence[Measurement], bins: Sequence[Record], protected: Mapping[str, list[str]]
) -> Importance | None:
    """Return the features of ``found`` (each with ``where`` {feature}), or None if there are none."""
    numbers: dict[str, Numbers] = {}
    for m in found:
        numbers.setdefault(str(m.where["feature"]), {})[m.metric.rpartition(".")[2]] = m
    if not numbers:
        return None
    ranked = sorted(numbers.items(), key=lambda item: -_weight(item[1]))
    scale, strips = swarms(bins, [name for name, _ in ranked[:SHOWN]])
    top = max((end for each in numbers.values() for end in _ends(each.get(SIZE))), default=0.0)
    rows = [feature(name, m, protected.get(name, []), top, strips.get(name)) for name, m in ranked]
    levels = {level for strip in strips.values() for level in strip.paths}
    return Importance(
        sentence=_sentence(ranked),
        features=rows[:SHOWN],
        more=rows[SHOWN:],
        ticks=ticks(scale) if strips else (),
        coloured=bool(levels - {"x"}),
        grey="x" in levels,
        rows=rows_of_all(found),
        methods=methods(found),
    )


def _weight(numbers: Numbers) -> float:
    """Return what features are ranked by; one that cannot be measured comes last."""
    first = numbers.get(SHARE) or numbers.get(SIZE)
    return first.value if first and not math.isnan(first.value) else -math.inf


def _ends(found: Measurement | None) -> list[float]:
    ends = [found.value, *(found.ci or ())] if found else []
    return [end for end in ends if math.isfinite(end)]


def _sentence(ranked: Sequence[tuple[str, Numbers]]) -> str:
    shares = [(name, numbers[SHARE]) for name, numbers in ranked if SHARE in numbers]
    known = [(name, m) for name, m in shares if math.isfinite(m.value)]
    if not known:
        return ""
    name, first = known[0]
    text = f"{brief(name)} carries {per_cent(first.value)} of all attribution"
    text += f" ({per_cents(first.ci)})" if first.ci else ""
    if len(known) > 3:
        text += f"; the first three of {count(len(ranked))} features carry "
        text += per_cent(sum(m.value for _, m in known[:3]))
    return text + "."
