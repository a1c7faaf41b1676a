"""The worst slices of a check, as table rows."""

from dataclasses import dataclass

from audit.formats.text.table_records import Record, figure, figures, records, text
from audit.numbers import count, number, per_cent
from audit.result import CheckResult

TABLES = {"slices": ("slice", "rows", "gap", "low", "high", "weak_spot")}
"""The table drawn here, with the columns that it needs."""

_QUALITIES = {"accuracy": ("Accuracy", per_cent), "error": ("Mean absolute error", number)}
"""How the model does on a slice, by the table's column: its title, and how it is written."""


@dataclass(frozen=True, slots=True)
class SliceRow:
    """A slice with its rows and how the model does on it and on the other rows, as text."""

    text: str
    rows: str
    quality: str
    inside: str
    outside: str
    gap: str
    ci: str
    weak_spot: bool


def slice_rows(check: CheckResult) -> list[SliceRow]:
    """Return the slices in the order in which they were chosen; none if the check has no such table."""
    lines = records(check, "slices", TABLES["slices"])
    column = next((name for name in _QUALITIES if lines and f"{name}_elsewhere" in lines[0]), None)
    return [] if column is None else [_row(line, column) for line in lines]


def _row(line: Record, column: str) -> SliceRow:
    quality, write = _QUALITIES[column]
    inside, outside, gap, rows = (figure(line, key) for key in (column, f"{column}_elsewhere", "gap", "rows"))
    limits = figures(line, "low", "high")
    return SliceRow(
        text=text(line, "slice"),
        rows="" if rows is None else count(rows),
        quality=quality,
        inside="" if inside is None else write(inside),
        outside="" if outside is None else write(outside),
        gap="" if gap is None else number(gap),
        ci=f"{number(limits[0])} to {number(limits[1])}" if limits else "",
        weak_spot=bool(line["weak_spot"]),
    )
