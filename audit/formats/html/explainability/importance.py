"""Feature importance: features by mean absolute attribution, each with its beeswarm strip."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from audit.formats.html.charts.interval_plot import percent, ticks
from audit.formats.html.charts.measurement_table import methods, rows_of_all
from audit.formats.html.charts.plot_marks import Line
from audit.formats.html.explainability.beeswarm import Swarm, swarms
from audit.formats.text.catalogue import words
from audit.formats.text.safe_text import brief
from audit.formats.text.table_records import Record
from audit.numbers import Estimate, count, estimate, per_cent, per_cents
from audit.result import Measurement

SIZE = "mean_abs_attribution"
SHARE = "attribution_share"
DIRECTION = "attribution_direction"
MAX_OPEN = 8
MAX_FEATURES = 100
_MIN_CLEAR_DIRECTION = 0.5

FeatureMeasurements = dict[str, Measurement]
"""The measurements of one feature by `SIZE`, `SHARE` and `DIRECTION`."""


class Direction(NamedTuple):
    """The effect of higher values of a feature on the output; ``way`` is ``up``, ``down``, or empty if not clear."""

    way: str
    words: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class FeatureView:
    """A feature in the importance chart: its measurements as text, None if not measured; places are in per cent."""

    name: str
    protected: list[str]
    size: Estimate | None
    share: Estimate | None
    direction: Direction | None
    bar: str | None
    whisker: tuple[str, str] | None
    swarm: Swarm | None


def _feature(
    name: str, measured: FeatureMeasurements, protected: list[str], top: float, swarm: Swarm | None
) -> FeatureView:
    """Lay out one feature; a mean attribution of ``top`` fills the bar's width."""
    size, share, direction = (measured.get(key) for key in (SIZE, SHARE, DIRECTION))
    return FeatureView(
        name=name,
        protected=protected,
        size=estimate(size.value, size.ci) if size else None,
        share=Estimate(per_cent(share.value), per_cents(share.ci) if share.ci else "") if share else None,
        direction=_direction(direction) if direction else None,
        bar=percent(100 * size.value / top) if size and top > 0 and 0 <= size.value <= top else None,
        whisker=_whisker(size, top),
        swarm=swarm,
    )


def _whisker(size: Measurement | None, top: float) -> tuple[str, str] | None:
    if size is None or size.ci is None or top <= 0 or not all(map(math.isfinite, size.ci)):
        return None
    first, last = (100 * max(end, 0.0) / top for end in size.ci)
    return percent(first), percent(last)


def _direction(direction: Measurement) -> Direction:
    """Return the direction of the effect: one is claimed only if its interval leaves out 0."""
    cells = estimate(direction.value, direction.ci)
    low, high = direction.ci or (direction.value, direction.value)
    if not (low > 0 or high < 0):
        return Direction("", "no clear direction", cells)
    way, verb = ("up", "raise the output") if direction.value > 0 else ("down", "lower the output")
    return Direction(way, verb if abs(direction.value) >= _MIN_CLEAR_DIRECTION else f"tend to {verb}", cells)


@dataclass(frozen=True, slots=True)
class Importance:
    """Feature importance: features by falling share of attribution, those beyond the first `MAX_OPEN` in ``more``.

    ``beyond`` is the number of others, after the first `MAX_FEATURES` and not protected: the report's JSON has them.
    ``ticks`` are those of the axis that all strips share; ``coloured`` if there are strips of features
    whose values have an order, ``grey`` if there are others.
    """

    caption: str
    features: list[FeatureView]
    more: list[FeatureView]
    beyond: int
    ticks: tuple[Line, ...]
    coloured: bool
    grey: bool
    rows: str
    methods: str


def importance(
    measurements: Sequence[Measurement], bins: Sequence[Record], protected: Mapping[str, list[str]]
) -> Importance | None:
    """Return the importance chart of ``measurements`` (``where`` of each is {feature}), or None if there are none."""
    by_feature: dict[str, FeatureMeasurements] = {}
    for m in measurements:
        by_feature.setdefault(str(m.where["feature"]), {})[m.metric.rpartition(".")[2]] = m
    if not by_feature:
        return None
    ranked = sorted(by_feature.items(), key=lambda item: -_weight(item[1]))
    scale, strips = swarms(bins, [name for name, _ in ranked[:MAX_OPEN]])
    sizes = [size for measured in by_feature.values() if (size := measured.get(SIZE))]
    ends = [end for size in sizes for end in (size.value, *(size.ci or ())) if math.isfinite(end)]
    top = max(ends, default=0.0)
    listed = ranked[:MAX_FEATURES] + [each for each in ranked[MAX_FEATURES:] if each[0] in protected]
    features = [_feature(name, m, protected.get(name, []), top, strips.get(name)) for name, m in listed]
    levels = {level for strip in strips.values() for level in strip.paths}
    return Importance(
        caption=_caption(ranked),
        features=features[:MAX_OPEN],
        more=features[MAX_OPEN:],
        beyond=len(ranked) - len(listed),
        ticks=ticks(scale) if strips else (),
        coloured=bool(levels - {"x"}),
        grey="x" in levels,
        rows=rows_of_all(measurements),
        methods=methods(measurements),
    )


def _weight(measured: FeatureMeasurements) -> float:
    """Return the sort key of a feature; one that cannot be measured comes last."""
    first = measured.get(SHARE) or measured.get(SIZE)
    return first.value if first and not math.isnan(first.value) else -math.inf


def _caption(ranked: Sequence[tuple[str, FeatureMeasurements]]) -> str:
    shares = [(name, measured[SHARE]) for name, measured in ranked if SHARE in measured]
    known = [(name, m) for name, m in shares if math.isfinite(m.value)]
    if not known:
        return ""
    name, first = known[0]
    share = per_cent(first.value) + (f" ({per_cents(first.ci)})" if first.ci else "")
    if len(known) <= 3:
        return words("reading", "importance", feature=brief(name), share=share)
    three = per_cent(sum(m.value for _, m in known[:3]))
    return words(
        "reading",
        "importance_three",
        feature=brief(name),
        share=share,
        features=count(len(ranked)),
        three=three,
    )
