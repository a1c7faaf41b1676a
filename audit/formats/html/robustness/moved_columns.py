"""The columns that an attack could move, with range and flips by each alone; and why the others could not move."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.charts.interval_plot import percent
from audit.formats.text.safe_text import brief
from audit.formats.text.table_records import Record, figure, figures, text
from audit.numbers import number, per_cent

COLUMNS = ("feature", "moved", "why", "unit", "low", "high", "integer", "alone")
MAX_OPEN_COLUMNS = 20


@dataclass(frozen=True, slots=True)
class MovedColumn:
    """A column that an attack could move: the unit of eps, its range, and the share of flips that it makes alone.

    One of a choice has no unit; its range is the number of categories, and its share that of the choice.
    """

    feature: str
    unit: str
    range: str
    flip_share: str
    bar: str


@dataclass(frozen=True, slots=True)
class MovedColumns:
    """The columns that an attack could move, by falling share of flips; the others by the reason why it could not."""

    sentence: str
    columns: list[MovedColumn]
    folded: list[MovedColumn]
    fixed: dict[str, list[str]]


def columns(rows: Sequence[Record]) -> MovedColumns | None:
    """Return the columns in the table, movable or not, or None if it has no rows."""
    if not rows:
        return None
    movable = [row for row in rows if row["moved"] is True]
    movable.sort(key=lambda row: -(figure(row, "alone") or 0.0))
    fixed: dict[str, list[str]] = {}
    for row in rows:
        if row["moved"] is not True:
            fixed.setdefault(text(row, "why") or "no reason is recorded", []).append(text(row, "feature"))
    columns = [_column(row) for row in movable]
    return MovedColumns(
        _sentence(movable, len(rows)), columns[:MAX_OPEN_COLUMNS], columns[MAX_OPEN_COLUMNS:], fixed
    )


def _column(row: Record) -> MovedColumn:
    unit = figure(row, "unit")
    flip_share = figure(row, "alone")
    ends = figures(row, "low", "high")
    range_ = f"{number(ends[0])} to {number(ends[1])}" if ends else ""
    return MovedColumn(
        feature=text(row, "feature"),
        unit="" if unit is None else number(unit),
        range=", ".join(
            part for part in (range_, "whole" * (row["integer"] is True), text(row, "why")) if part
        ),
        flip_share="" if flip_share is None else per_cent(flip_share),
        bar=percent(100 * min(max(flip_share or 0.0, 0.0), 1.0)),
    )


def _sentence(movable: Sequence[Record], total: int) -> str:
    sentence = f"{len(movable)} of {total} columns could be perturbed"
    flip_share = figure(movable[0], "alone") if movable else None
    if flip_share:
        sentence += (
            f"; {brief(text(movable[0], 'feature'))} alone flips {per_cent(flip_share)} of the flipped rows"
        )
    return sentence + "."
