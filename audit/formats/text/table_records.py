"""Tables of a check: as records for charts, and cell by cell if they have no chart or lack a column."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from audit.numbers import number
from audit.result import CheckResult, Scalar, Table

Record = Mapping[str, Scalar | None]
MAX_PLAIN_ROWS = 500


def fits(table: Table, columns: Collection[str]) -> bool:
    """Return whether ``table`` has all of ``columns``."""
    return set(columns) <= table.columns.keys()


def records(check: CheckResult, name: str, columns: Collection[str]) -> list[Record]:
    """Return the rows of the check's table ``name``, by column; none if it is missing or lacks one of ``columns``."""
    table = next((t for t in check.tables if t.name == name and fits(t, columns)), None)
    if table is None:
        return []
    return [
        dict(zip(table.columns, cells, strict=True)) for cells in zip(*table.columns.values(), strict=True)
    ]


def group_by(rows: Collection[Record], key: str) -> dict[str, list[Record]]:
    """Return ``rows`` grouped by the text of one column, groups and rows in the order of the table."""
    groups: dict[str, list[Record]] = {}
    for row in rows:
        groups.setdefault(text(row, key), []).append(row)
    return groups


def figure(row: Record, key: str) -> float | None:
    """Return a cell as a finite number, or None if it holds none."""
    value = row[key]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e300 and not math.isnan(value) else None


def figures(row: Record, *keys: str) -> tuple[float, ...] | None:
    """Return several cells as finite numbers, or None if one of them holds none."""
    numbers = tuple(value for key in keys if (value := figure(row, key)) is not None)
    return numbers if len(numbers) == len(keys) else None


def text(row: Record, key: str) -> str:
    """Return a cell as text; empty for None."""
    value = row[key]
    return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class PlainTable:
    """A check's table as text, of ``total`` rows; each head and cell is (text, whether it is aligned to the right)."""

    name: str
    about: str
    heads: list[tuple[str, bool]]
    rows: list[list[tuple[str, bool]]]
    total: int


def plain_table(table: Table) -> PlainTable:
    """Return ``table`` as text, up to `MAX_PLAIN_ROWS` rows: the rest is in the report's JSON."""
    numeric = [not any(isinstance(cell, str) for cell in cells) for cells in table.columns.values()]
    rows = list(zip(*table.columns.values(), strict=True))
    return PlainTable(
        name=table.name,
        about=table.about,
        heads=list(zip(table.columns, numeric, strict=True)),
        rows=[list(zip(map(_cell, row), numeric, strict=True)) for row in rows[:MAX_PLAIN_ROWS]],
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
