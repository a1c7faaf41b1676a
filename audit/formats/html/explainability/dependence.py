"""How the attribution of a feature follows its values: the mean with the span of most rows, bin by bin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.charts.axis import Axis, axis
from audit.formats.html.charts.interval_plot import interval_plot, percent
from audit.formats.html.charts.plot_marks import Guides, Plot, Row
from audit.formats.html.text.numbers import count, number, signed
from audit.formats.html.text.safe_text import brief
from audit.formats.html.text.table_records import Record, by, figures, text
from audit.result import Measurement

COLUMNS = ("feature", "value", "low", "high", "rows", "mean", "p10", "p90")
HEIGHT = 130
SHOWN = 6
_INSET, _LABELS, _APART = 2.0, 4, 26.0


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of values, or one category: the attributions of its rows. ``edges`` is None for a category."""

    value: str
    edges: tuple[float, float] | None
    rows: float
    mean: float
    p10: float
    p90: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Mean and band over bins in order, in a drawing of 100 by `HEIGHT`; ``points`` are in per cent and pixels."""

    line: str
    band: str
    points: list[tuple[str, str]]
    ticks_x: list[tuple[str, str, str]]
    ticks_y: list[tuple[str, str]]
    zero: str | None


@dataclass(frozen=True, slots=True)
class Dependence:
    """One feature: a curve for numbers, dots for categories; ``table`` holds value, rows, mean and span."""

    feature: str
    sentence: str
    curve: Curve | None
    dots: Plot | None
    table: list[tuple[str, str, str, str]]


def dependences(rows: Sequence[Record], features: Sequence[str]) -> list[Dependence]:
    """Return the charts of the first features of ``features`` that have bins."""
    found = by(rows, "feature")
    read = [(name, _bins(found.get(name, []))) for name in features]
    return [_dependence(name, bins) for name, bins in read if bins][:SHOWN]


def _bins(rows: Sequence[Record]) -> list[Bin]:
    read = [(text(row, "value"), figures(row, "low", "high"), figures(row, *COLUMNS[4:])) for row in rows]
    return [
        Bin(value, (edges[0], edges[1]) if edges else None, *cells)
        for value, edges, cells in read
        if cells and cells[2] <= cells[3]
    ]


def _dependence(name: str, bins: Sequence[Bin]) -> Dependence:
    numeric = len(bins) > 1 and all(b.edges for b in bins)
    scale = axis([], keep=[0.0, *(place for b in bins for place in (b.mean, b.p10, b.p90))])
    return Dependence(
        feature=name,
        sentence=_sentence(bins),
        curve=_curve(bins, scale) if numeric else None,
        dots=None if numeric else _dots(name, bins, scale),
        table=[(b.value, count(b.rows), signed(b.mean), f"{signed(b.p10)} to {signed(b.p90)}") for b in bins],
    )


def _sentence(bins: Sequence[Bin]) -> str:
    least, most = (pick(bins, key=lambda b: b.mean) for pick in (min, max))
    if least is most:
        return f"Mean {signed(most.mean)} for {brief(most.value)}."
    low, high = (f"{brief(b.value)} ({signed(b.mean)})" for b in (least, most))
    return f"Mean attribution is lowest for {low} and highest for {high}."


def _dots(name: str, bins: Sequence[Bin], scale: Axis) -> Plot:
    # The interval plot draws a point on a line: here the line is the span of most rows, as the page says.
    rows = [
        Row(b.value, Measurement(metric=name, value=b.mean, ci=(b.p10, b.p90), n=int(b.rows), method=""))
        for b in bins
    ]
    return interval_plot(f"Attribution of {name}", rows, scale, Guides(overall=0.0))


def _curve(bins: Sequence[Bin], scale: Axis) -> Curve:
    across = [_across(i + 0.5, len(bins)) for i in range(len(bins))]
    means = [_down(b.mean, scale) for b in bins]
    outline = [f"{x:.1f} {_down(b.p90, scale)}" for x, b in zip(across, bins, strict=True)]
    outline += [f"{x:.1f} {_down(b.p10, scale)}" for x, b in reversed(list(zip(across, bins, strict=True)))]
    return Curve(
        line="M" + "L".join(f"{x:.1f} {y}" for x, y in zip(across, means, strict=True)),
        band="M" + "L".join(outline) + "z",
        points=[(percent(x), y) for x, y in zip(across, means, strict=True)],
        ticks_x=_edges(bins),
        ticks_y=[(_down(value, scale), label) for value, label in scale.ticks],
        zero=_down(0.0, scale) if scale.shows(0.0) else None,
    )


def _across(place: float, bins: int) -> float:
    """Return the per cent of the width: every bin is equally wide, so that a long tail hides no other bin."""
    return _INSET + (100 - 2 * _INSET) * place / bins


def _down(value: float, scale: Axis) -> str:
    return f"{HEIGHT * (1 - scale.at(value) / 100):.1f}"


def _edges(bins: Sequence[Bin]) -> list[tuple[str, str, str]]:
    """Return place, text and anchor of edges between bins: first, last, and what fits in between."""
    edges = [b.edges[0] for b in bins if b.edges] + [b.edges[1] for b in bins[-1:] if b.edges]
    step = max(1, -(-len(bins) // _LABELS))
    inner = [
        i
        for i in range(step, len(bins), step)
        if _across(len(bins), len(bins)) - _across(i, len(bins)) > _APART
    ]
    places = [0, *inner, len(bins)]
    anchors = ["start", *["middle"] * len(inner), "end"]
    return [
        (percent(_across(i, len(bins))), number(edges[i]), anchor)
        for i, anchor in zip(places, anchors, strict=True)
    ]
