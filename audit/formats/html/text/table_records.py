"""Tables of a check as records; a table that lacks a chart's columns is shown as a plain table."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from audit.result import CheckResult, Scalar, Table

Record = Mapping[str, Scalar | None]


def fits(table: Table, columns: Collection[str]) -> bool:
    """Return whether ``table`` has all of ``columns``."""
    return set(columns) <= table.columns.keys()


def records(check: CheckResult, name: str, columns: Collection[str]) -> list[Record]:
    """Return the rows of the check's table ``name``; none if it is missing or lacks one of ``columns``."""
    table = next((t for t in check.tables if t.name == name and fits(t, columns)), None)
    if table is None:
        return []
    return [
        dict(zip(table.columns, cells, strict=True)) for cells in zip(*table.columns.values(), strict=True)
    ]


def by(rows: Collection[Record], key: str) -> dict[str, list[Record]]:
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
