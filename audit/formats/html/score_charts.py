"""Charts of a classification's scores: confusion matrices, histograms by label and group, ROC and precision-recall."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from audit.formats.html.charts.axis import Axis
from audit.formats.html.charts.scale import SHARES, Scale
from audit.formats.text.catalogue import words
from audit.formats.text.table_records import Record, figure, figures, group_by, records, text
from audit.numbers import count, number, per_cent
from audit.result import CheckResult, Report

TABLES = {
    "confusion": ("attribute", "group", "label", "decision", "rows"),
    "score_histogram": ("attribute", "group", "low", "high", "favorable", "unfavorable"),
    "roc": ("threshold", "chosen", "false_positive_rate", "true_positive_rate", "precision"),
}
"""The tables drawn here, by name, with the columns that each needs."""

HEIGHT = 150
SMALL_HEIGHT = 60
_WIDTH = Axis(0.0, 1.0, length=100.0, inset=0.0)
_SHADES = 4


class Cell(NamedTuple):
    """One cell of a confusion matrix: its rows, their share of the label's rows, and a shade from 0 to 4."""

    rows: str
    share: str
    shade: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """A confusion matrix: ``rows`` maps each label to its cells, one for each of the ``decisions``."""

    attribute: str
    group: str
    decisions: list[str]
    rows: dict[str, list[Cell]]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Scores of one group: the outlines of both labels, 100 wide, each label's share of rows a bin."""

    group: str
    desc: str
    favorable: str
    unfavorable: str


@dataclass(frozen=True, slots=True)
class RateCurve:
    """A curve of two rates, 100 by `HEIGHT`, with the band of its intervals and the point in use, if known."""

    title: str
    desc: str
    path: str
    band: str
    point: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class ScoreCharts:
    """The charts of a check's scores; ``histograms`` maps each attribute (all rows: empty) to its groups'."""

    matrices: list[Matrix]
    histograms: dict[str, list[Histogram]]
    curves: list[RateCurve]

    @property
    def by_group(self) -> list[Matrix]:
        """The matrices of groups."""
        return [matrix for matrix in self.matrices if matrix.attribute]


def score_charts(check: CheckResult, report: Report) -> ScoreCharts | None:
    """Return the charts of the check's scores; None if it has none of the `TABLES`."""
    tables = {name: records(check, name, columns) for name, columns in TABLES.items()}
    if not any(tables.values()):
        return None
    favorable = report.data.favorable if isinstance(report.data.favorable, list) else []
    values = {str(value) for value in favorable}

    def favorable_first(cell: Record) -> tuple[bool, bool]:
        """Sort as page one does; other classes stay in the order of the table."""
        return text(cell, "label") not in values, text(cell, "decision") not in values

    attributes = group_by(tables["score_histogram"], "attribute").items()
    return ScoreCharts(
        matrices=[
            _matrix(attribute, group, sorted(rows, key=favorable_first))
            for attribute, part in group_by(tables["confusion"], "attribute").items()
            for group, rows in group_by(part, "group").items()
        ],
        histograms={
            name: [_histogram(*item) for item in group_by(part, "group").items()] for name, part in attributes
        },
        curves=_curves(tables["roc"]),
    )


def _matrix(attribute: str, group: str, cells: Sequence[Record]) -> Matrix:
    by_label = group_by(cells, "label")
    decisions = list(group_by(cells, "decision"))
    return Matrix(attribute, group, decisions, {label: _cells(row) for label, row in by_label.items()})


def _cells(row: Sequence[Record]) -> list[Cell]:
    rows = [figure(cell, "rows") or 0.0 for cell in row]
    total = sum(rows)
    shares = [n / total if total else 0.0 for n in rows]
    return [
        Cell(count(n), per_cent(share), round(_SHADES * share)) for n, share in zip(rows, shares, strict=True)
    ]


def _histogram(group: str, bins: Sequence[Record]) -> Histogram:
    lines = [line for row in bins if (line := figures(row, "low", "high", "favorable", "unfavorable"))]
    totals = [sum(line[side] for line in lines) for side in (2, 3)]
    shares = [
        [(low, high, counts[side] / total if total else 0.0) for low, high, *counts in lines]
        for side, total in enumerate(totals)
    ]
    highest = max((share for side in shares for *_, share in side), default=1.0) or 1.0
    scale = Scale(_WIDTH.at, Axis(0.0, highest, length=1.0, inset=0.0), SMALL_HEIGHT)
    favorable, unfavorable = (_outline(side, scale) for side in shares)
    desc = words(
        "reading",
        "histogram",
        favorable=count(totals[0]),
        unfavorable=count(totals[1]),
        highest=per_cent(highest),
    )
    return Histogram(group, desc, favorable, unfavorable)


def _outline(bins: Sequence[tuple[float, float, float]], scale: Scale) -> str:
    """Return the path around bars of (low, high, share); bins without rows are left out of ``bins``."""
    corners = [
        point
        for low, high, share in bins
        if share
        for point in ((low, 0.0), (low, share), (high, share), (high, 0.0))
    ]
    return scale.path(corners) + "z" if corners else ""


def _curves(rows: Sequence[Record]) -> list[RateCurve]:
    roc = _curve("ROC curve", rows, ("false_positive_rate", "true_positive_rate"))
    recall = _curve("Precision–recall curve", rows, ("true_positive_rate", "precision"))
    return [curve for curve in (roc, recall) if curve]


def _curve(title: str, rows: Sequence[Record], axes: tuple[str, str]) -> RateCurve | None:
    across, up = axes
    points = [(row, (point[0], point[1])) for row in rows if (point := figures(row, across, up))]
    if not points:
        return None
    scale = Scale(_WIDTH.at, SHARES, HEIGHT)
    ends = [(x, limits) for row, (x, _) in points if (limits := _limits(row, up))]
    upper = [(x, high) for x, (_, high) in ends]
    lower = [(x, low) for x, (low, _) in ends]
    used = [point for row, point in points if row["chosen"]]
    names = {"up": up.replace("_", " "), "across": across.replace("_", " ")}
    desc = words("reading", "curve", number=len(points), **names)
    if used:
        x, y = map(number, used[0])
        desc += " " + words("reading", "curve_in_use", x=x, y=y, **names)
    return RateCurve(
        title=title,
        desc=desc,
        path=scale.path(point for _, point in points),
        band=scale.path([*upper, *reversed(lower)]) + "z" if ends else "",
        point=scale.point(*used[0]) if used else None,
    )


def _limits(row: Record, name: str) -> tuple[float, ...] | None:
    keys = (f"{name}_low", f"{name}_high")
    return figures(row, *keys) if row.keys() >= set(keys) else None
