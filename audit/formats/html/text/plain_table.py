"""Tables without a chart, cell by cell: those of plug-ins, and those that lack a column."""

from __future__ import annotations

import math
from dataclasses import dataclass

from audit.formats.html.text.numbers import number
from audit.result import Scalar, Table

MAX_ROWS = 500


@dataclass(frozen=True, slots=True)
class PlainTable:
    """A table of ``total`` rows; each head and cell is its text, and whether it is aligned to the right."""

    name: str
    about: str
    heads: list[tuple[str, bool]]
    rows: list[list[tuple[str, bool]]]
    total: int


def plain_table(table: Table) -> PlainTable:
    """Return ``table`` as text, up to `MAX_ROWS` rows: the rest is in the report's JSON."""
    numeric = [not any(isinstance(cell, str) for cell in cells) for cells in table.columns.values()]
    rows = list(zip(*table.columns.values(), strict=True))
    return PlainTable(
        name=table.name,
        about=table.about,
        heads=list(zip(table.columns, numeric, strict=True)),
        rows=[list(zip(map(_cell, row), numeric, strict=True)) for row in rows[:MAX_ROWS]],
        total=len(rows),
    )


def _cell(value: Scalar | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and abs(value) >= 1e300:
        return number(math.copysign(math.inf, value))
    return value if isinstance(value, str) else number(value)
