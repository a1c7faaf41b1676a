"""One feature as the importance table shows it: the bar, the share, and what higher values do."""

from __future__ import annotations

import math
from dataclasses import dataclass

from audit.formats.html.charts.interval_plot import percent
from audit.formats.html.explainability.beeswarm import Swarm
from audit.formats.html.text.numbers import interval, number, per_cent, per_cents
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
