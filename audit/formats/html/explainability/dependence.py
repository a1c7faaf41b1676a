"""The dependence plot: mean and spread of a feature's attribution by its value, bin by bin."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.charts.axis import Axis, axis
from audit.formats.html.charts.interval_plot import interval_plot, percent
from audit.formats.html.charts.plot_marks import Guides, Plot, Row
from audit.formats.html.charts.scale import Scale, thinned
from audit.formats.text.catalogue import words
from audit.formats.text.safe_text import brief
from audit.formats.text.table_records import Record, figures, group_by, text
from audit.numbers import count, number, signed
from audit.result import Measurement

COLUMNS = ("feature", "value", "low", "high", "rows", "mean", "p10", "p90")
HEIGHT = 130
MAX_FEATURES = 6
_MAX_LABELS = 4
_MIN_LABEL_DISTANCE = 26.0


@dataclass(frozen=True, slots=True)
class DependenceBin:
    """A feature's attribution over the rows of one bin of its values, or of one category (``edges`` is None)."""

    value: str
    edges: tuple[float, float] | None
    rows: float
    mean: float
    p10: float
    p90: float


@dataclass(frozen=True, slots=True)
class DependenceCurve:
    """Mean attribution and its spread over bins of values, 100 by `HEIGHT`; ``points`` have a text each."""

    line: str
    band: str
    points: list[tuple[str, str, str]]
    ticks_x: list[tuple[str, str, str]]
    ticks_y: list[tuple[str, str]]
    zero: str | None


@dataclass(frozen=True, slots=True)
class Dependence:
    """A feature's attribution by its value: a curve with its ``table`` of value, rows, mean and span, or dots."""

    feature: str
    caption: str
    curve: DependenceCurve | None
    dots: Plot | None
    table: list[tuple[str, str, str, str]]


def dependences(rows: Sequence[Record], features: Sequence[str]) -> list[Dependence]:
    """Return the dependence plots of the first of ``features`` that have bins."""
    by_feature = group_by(rows, "feature")
    binned = [(name, _bins(by_feature.get(name, []))) for name in features]
    return [_dependence(name, bins) for name, bins in binned if bins][:MAX_FEATURES]


def _bins(rows: Sequence[Record]) -> list[DependenceBin]:
    parsed = [(text(row, "value"), figures(row, "low", "high"), figures(row, *COLUMNS[4:])) for row in rows]
    return [
        DependenceBin(value, (edges[0], edges[1]) if edges else None, *cells)
        for value, edges, cells in parsed
        if cells and cells[2] <= cells[3]
    ]


def _dependence(name: str, bins: Sequence[DependenceBin]) -> Dependence:
    numeric = len(bins) > 1 and all(b.edges for b in bins)
    vertical = axis([], keep=[0.0, *(value for b in bins for value in (b.mean, b.p10, b.p90))])
    return Dependence(
        feature=name,
        caption=_caption(bins),
        curve=_curve(bins, vertical) if numeric else None,
        dots=None if numeric else _dots(name, bins, vertical),
        table=[
            (b.value, count(b.rows), signed(b.mean), f"{signed(b.p10)} to {signed(b.p90)}")
            for b in bins
            if numeric
        ],
    )


def _caption(bins: Sequence[DependenceBin]) -> str:
    lowest = min(bins, key=lambda b: b.mean)
    highest = max(bins, key=lambda b: b.mean)
    if lowest is highest:
        return words("reading", "dependence_one", mean=signed(highest.mean), value=brief(highest.value))
    low, high = (f"{brief(b.value)} ({signed(b.mean)})" for b in (lowest, highest))
    return words("reading", "dependence", low=low, high=high)


def _dots(name: str, bins: Sequence[DependenceBin], scale: Axis) -> Plot:
    # The interval plot draws a point on a line: here the line is the span of most rows, as the page says.
    rows = [
        Row(b.value, Measurement(metric=name, value=b.mean, ci=(b.p10, b.p90), n=int(b.rows), method=""))
        for b in bins
    ]
    return interval_plot(f"Attribution of {name}", rows, scale, Guides(overall=0.0))


def _curve(bins: Sequence[DependenceBin], vertical: Axis) -> DependenceCurve:
    # Every bin is equally wide, so that a long tail hides no other bin.
    across = Axis(0.0, len(bins))
    scale = Scale(across.at, vertical, HEIGHT)
    centres = [(i + 0.5, b) for i, b in enumerate(bins)]
    outline = [(x, b.p90) for x, b in centres] + [(x, b.p10) for x, b in reversed(centres)]
    return DependenceCurve(
        line=scale.path((x, b.mean) for x, b in centres),
        band=scale.path(outline) + "z",
        points=[(*scale.point(x, b.mean), _tip(b)) for x, b in centres],
        ticks_x=_edges(bins, across),
        ticks_y=scale.ticks(),
        zero=scale.height_of(0.0),
    )


def _tip(b: DependenceBin) -> str:
    return f"{brief(b.value)}: {signed(b.mean)} ({signed(b.p10)} to {signed(b.p90)}), n {count(b.rows)}"


def _edges(bins: Sequence[DependenceBin], across: Axis) -> list[tuple[str, str, str]]:
    """Return place, text and anchor of edges between bins: first, last, and what fits in between."""
    edges = [b.edges[0] for b in bins if b.edges] + [b.edges[1] for b in bins[-1:] if b.edges]
    last = len(bins)
    inner = [
        i
        for i in thinned(range(last), _MAX_LABELS)[1:]
        if across.at(last) - across.at(i) > _MIN_LABEL_DISTANCE
    ]
    anchors = ["start", *["middle"] * len(inner), "end"]
    return [
        (percent(across.at(i)), number(edges[i]), anchor)
        for i, anchor in zip([0, *inner, last], anchors, strict=True)
    ]
