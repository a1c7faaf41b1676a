"""The tables of a check, read as records: what is not as a chart needs it is left to the plain table."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from itertools import groupby

from audit.result import CheckResult, Scalar, Table

Record = Mapping[str, Scalar | None]


def fits(table: Table, columns: Collection[str]) -> bool:
    """Whether ``table`` has all of ``columns``."""
    return set(columns) <= table.columns.keys()


def records(check: CheckResult, name: str, columns: Collection[str]) -> list[Record]:
    """Return the rows of the check's table ``name``; none where there is no such table with all of ``columns``."""
    table = next((t for t in check.tables if t.name == name and fits(t, columns)), None)
    if table is None:
        return []
    return [
        dict(zip(table.columns, cells, strict=True)) for cells in zip(*table.columns.values(), strict=True)
    ]


def by(rows: Collection[Record], key: str) -> dict[str, list[Record]]:
    """Return ``rows`` by the text of one column, both in the order in which they stand."""
    found: dict[str, list[Record]] = {}
    for value, run in groupby(rows, key=lambda row: text(row, key)):
        found.setdefault(value, []).extend(run)
    return found


def figure(row: Record, key: str) -> float | None:
    """Return a cell as a finite number, or None where it holds none."""
    value = row[key]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e300 and not math.isnan(value) else None


def figures(row: Record, *keys: str) -> tuple[float, ...] | None:
    """Return several cells as finite numbers, or None where one of them holds none."""
    found = tuple(value for key in keys if (value := figure(row, key)) is not None)
    return found if len(found) == len(keys) else None


def text(row: Record, key: str) -> str:
    """Return a cell as text; an empty one as the empty text."""
    value = row[key]
    return "" if value is None else str(value)
