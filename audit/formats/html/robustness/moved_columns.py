"""Which columns an attack could move, how far, what each does alone, and why the others were held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.charts.interval_plot import percent
from audit.formats.html.text.numbers import number, per_cent
from audit.formats.html.text.safe_text import brief
from audit.formats.html.text.table_records import Record, figure, figures, text

COLUMNS = ("feature", "moved", "why", "unit", "low", "high", "integer", "alone")
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Moved:
    """One column that could move: one unit of eps, its range, and the share that it flips alone."""

    feature: str
    unit: str
    range: str
    alone: str
    bar: str


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that could move, by falling share; the others by the reason they were held."""

    sentence: str
    moved: list[Moved]
    more: list[Moved]
    held: dict[str, list[str]]


def columns(rows: Sequence[Record]) -> Columns | None:
    """Return the columns of the table, or None if it has no rows."""
    if not rows:
        return None
    free = sorted(
        (row for row in rows if row["moved"] is True), key=lambda row: -(figure(row, "alone") or 0.0)
    )
    held: dict[str, list[str]] = {}
    for row in rows:
        if row["moved"] is not True:
            held.setdefault(text(row, "why") or "no reason is recorded", []).append(text(row, "feature"))
    shown = [_moved(row) for row in free]
    return Columns(_sentence(free, len(rows)), shown[:SHOWN], shown[SHOWN:], held)


def _moved(row: Record) -> Moved:
    unit, alone, ends = figure(row, "unit"), figure(row, "alone"), figures(row, "low", "high")
    range_ = f"{number(ends[0])} to {number(ends[1])}" if ends else ""
    return Moved(
        feature=text(row, "feature"),
        unit="" if unit is None else number(unit),
        range=", ".join([*([range_] if range_ else []), *(["whole"] if row["integer"] is True else [])]),
        alone="" if alone is None else per_cent(alone),
        bar=percent(100 * min(max(alone or 0.0, 0.0), 1.0)),
    )


def _sentence(free: Sequence[Record], total: int) -> str:
    said = f"{len(free)} of {total} columns could be moved"
    alone = figure(free[0], "alone") if free else None
    if alone:
        said += f"; {brief(text(free[0], 'feature'))} alone flips {per_cent(alone)} of the flipped rows"
    return said + "."
