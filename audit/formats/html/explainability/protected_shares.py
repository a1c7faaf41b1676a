"""The share of all attribution that the columns of each protected attribute carry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.charts.axis import axis
from audit.formats.html.charts.interval_plot import interval_plot
from audit.formats.html.charts.measurement_table import Cells, cells, methods
from audit.formats.html.charts.plot_marks import Guides, Plot, Row
from audit.formats.html.text.numbers import per_cent, per_cents
from audit.formats.html.text.safe_text import brief
from audit.formats.html.text.table_records import Record, text
from audit.result import Measurement

PROTECTED = "protected_share"
COLUMNS = ("attribute", "column", "how")


@dataclass(frozen=True, slots=True)
class Shares:
    """One row an attribute; ``counted`` says which columns count for it, and how they were found."""

    sentence: str
    plot: Plot
    counted: dict[str, list[tuple[str, str]]]
    table: list[Cells]
    methods: str


def shares(found: Sequence[Measurement], columns: Sequence[Record]) -> Shares | None:
    """Return the chart of ``found`` (each with ``where`` {attribute}), or None if there is nothing."""
    if not found:
        return None
    rows = [Row(str(m.where["attribute"]), m) for m in found]
    scale = axis([], [m.ci for m in found if m.ci], keep=[0.0, *(m.value for m in found)], low=0.0, high=1.0)
    return Shares(
        sentence=_sentence(found),
        plot=interval_plot("Share of attribution by protected attribute", rows, scale, Guides()),
        counted=_counted(columns),
        table=[cells(row) for row in rows],
        methods=methods(found),
    )


def attributes_of(columns: Sequence[Record]) -> dict[str, list[str]]:
    """Return for each column the protected attributes that it counts for, intersections of these left out."""
    names = {text(row, "attribute") for row in columns}
    found: dict[str, list[str]] = {}
    for row in columns:
        attribute = text(row, "attribute")
        if names.isdisjoint(set(attribute.split("*")) - {attribute}):
            found.setdefault(text(row, "column"), []).append(attribute)
    return found


def _counted(columns: Sequence[Record]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for row in columns:
        found.setdefault(text(row, "attribute"), []).append((text(row, "column"), text(row, "how")))
    return found


def _sentence(found: Sequence[Measurement]) -> str:
    known = [m for m in found if math.isfinite(m.value)]
    if not known:
        return ""
    most = max(known, key=lambda m: m.value)
    ends = f" ({per_cents(most.ci)})" if most.ci else ""
    lead = "Among the protected attributes, the" if len(known) > 1 else "The"
    much = f"carry {'most: ' if len(known) > 1 else ''}{per_cent(most.value)}{ends} of all attribution"
    return f"{lead} columns of {brief(str(most.where['attribute']))} {much}."
