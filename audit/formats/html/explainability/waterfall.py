"""shap's waterfall of a telling row: from the mean output to that of the row, in picture and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.charts.axis import Axis, axis
from audit.formats.html.charts.interval_plot import percent, ticks
from audit.formats.html.charts.plot_marks import Line
from audit.formats.html.explainability.row_summary import Part, story
from audit.formats.html.text.numbers import minus, number, signed
from audit.formats.html.text.safe_text import elide
from audit.formats.html.text.table_records import Record, by, figure, figures, text

COLUMNS = (
    "case", "why", "row", "score", "label", "predicted", "base", "output", "feature", "value", "attribution", "error",
)  # fmt: skip
HEAD, ROW, FOOT = 16, 32, 22
LABEL_COLUMNS = 34
_VISIBLE = 1e-3


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the picture: ``kind`` is ``up``, ``down`` or ``level`` (where the row begins and ends)."""

    kind: str
    label: str
    value: str
    y: int
    x: str
    width: str
    stop: str


@dataclass(frozen=True, slots=True)
class Case:
    """One telling row: why it is told, its place in the data, words and picture."""

    why: str
    row: str
    words: str
    error: str
    height: int
    steps: list[Step]
    ticks: tuple[Line, ...]


def cases(rows: Sequence[Record]) -> list[Case]:
    """Return the cases of the table in order; one whose numbers are not all finite is left out."""
    read = (_case(lines) for lines in by(rows, "case").values())
    return [case for case in read if case]


def _case(lines: Sequence[Record]) -> Case | None:
    ends = figures(lines[0], "base", "output")
    parts = [
        Part(text(line, "feature"), text(line, "value"), amount)
        for line in lines
        if (amount := figure(line, "attribution")) is not None
    ]
    if ends is None or len(parts) < len(lines):
        return None
    scale = axis([], keep=[*_path(ends[0], parts), ends[1]])
    steps = _steps(ends, parts, scale)
    errors = [error for line in lines if (error := figure(line, "error")) is not None]
    place = figure(lines[0], "row")
    return Case(
        why=text(lines[0], "why"),
        row=f"row {int(place)}" if place is not None else "",
        words=story(lines[0], parts),
        error=number(max(errors)) if max(errors, default=0.0) >= _VISIBLE else "",
        height=HEAD + ROW * len(steps) + FOOT,
        steps=steps,
        ticks=ticks(scale),
    )


def _path(base: float, parts: Sequence[Part]) -> list[float]:
    """Return where each part begins, and where the last one ends."""
    path = [base]
    for part in parts:
        path.append(path[-1] + part.amount)
    return path


def _steps(ends: tuple[float, ...], parts: Sequence[Part], scale: Axis) -> list[Step]:
    path = _path(ends[0], parts)
    first = _step("level", "mean of the reference rows", _level(ends[0]), 0, path[0], path[0], scale)
    last = _step("level", "this row", _level(ends[1]), len(parts) + 1, ends[1], ends[1], scale)
    moves = [
        _step(
            "up" if part.amount >= 0 else "down",
            f"{part.feature} = {part.value}" if part.value else part.feature,
            signed(part.amount), i, path[i - 1], path[i], scale,
        )
        for i, part in enumerate(parts, start=1)
    ]  # fmt: skip
    return [first, *moves, last]


def _step(kind: str, label: str, value: str, i: int, start: float, stop: float, scale: Axis) -> Step:
    low, high = scale.at(min(start, stop)), scale.at(max(start, stop))
    return Step(
        kind=kind,
        label=elide(label, LABEL_COLUMNS),
        value=value,
        y=HEAD + ROW * i,
        x=percent(low),
        width=percent(max(high - low, 0.3)),
        stop=percent(scale.at(stop)),
    )


def _level(value: float) -> str:
    return minus(f"{value:.2f}") if abs(value) < 1e3 else number(value)
