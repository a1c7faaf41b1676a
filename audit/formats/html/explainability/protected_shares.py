"""The share of all attribution that falls on the columns of each protected attribute."""

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
from audit.formats.html.text.table_records import Record, by, text
from audit.result import Measurement

PROTECTED = "protected_share"
COLUMNS = ("attribute", "column", "how")


@dataclass(frozen=True, slots=True)
class ProtectedShares:
    """One row for each attribute; ``counted`` are the columns that count for it, and why they do."""

    caption: str
    plot: Plot
    counted: dict[str, list[tuple[str, str]]]
    table: list[Cells]
    methods: str


def shares(measurements: Sequence[Measurement], columns: Sequence[Record]) -> ProtectedShares | None:
    """Return the chart of ``measurements`` (each with ``where`` {attribute}), or None if there are none."""
    if not measurements:
        return None
    rows = [Row(str(m.where["attribute"]), m) for m in measurements]
    keep = [0.0, *(m.value for m in measurements)]
    scale = axis([], [m.ci for m in measurements if m.ci], keep, low=0.0, high=1.0)
    return ProtectedShares(
        caption=_caption(measurements),
        plot=interval_plot("Share of attribution by protected attribute", rows, scale, Guides()),
        counted={
            attribute: [(text(row, "column"), text(row, "how")) for row in counted]
            for attribute, counted in by(columns, "attribute").items()
        },
        table=[cells(row) for row in rows],
        methods=methods(measurements),
    )


def attributes_of(columns: Sequence[Record]) -> dict[str, list[str]]:
    """Return the protected attributes that each column counts for, without their intersections."""
    names = {text(row, "attribute") for row in columns}
    attributes: dict[str, list[str]] = {}
    for row in columns:
        attribute = text(row, "attribute")
        if names.isdisjoint(set(attribute.split("*")) - {attribute}):
            attributes.setdefault(text(row, "column"), []).append(attribute)
    return attributes


def _caption(measurements: Sequence[Measurement]) -> str:
    known = [m for m in measurements if math.isfinite(m.value)]
    if not known:
        return ""
    largest = max(known, key=lambda m: m.value)
    name = brief(str(largest.where["attribute"]))
    share = per_cent(largest.value) + (f" ({per_cents(largest.ci)})" if largest.ci else "")
    if len(known) == 1:
        return f"The columns of {name} carry {share} of all attribution."
    return f"Among the protected attributes, the columns of {name} carry most: {share} of all attribution."
