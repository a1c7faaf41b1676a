"""The section on attacks: accuracy against their size, by group, the smallest flips, and what could move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from audit.formats.html.charts.axis import axis
from audit.formats.html.charts.interval_plot import interval_plot
from audit.formats.html.charts.measurement_table import Cells, cells, methods
from audit.formats.html.charts.plot_marks import Guides, Plot, Row
from audit.formats.html.robustness import (
    corruption_curves,
    flipped_rows,
    group_plot,
    measurements,
    moved_columns,
    validity,
)
from audit.formats.html.robustness.accuracy_curve import AttackCurve, curves
from audit.formats.html.robustness.corruption_curves import Corruptions, corruptions
from audit.formats.html.robustness.eps_tables import SizeTable, size_tables
from audit.formats.html.robustness.flipped_rows import Flip
from audit.formats.html.robustness.group_plot import GroupPanel
from audit.formats.html.robustness.measurements import ALL, called
from audit.formats.html.robustness.moved_columns import Columns
from audit.formats.html.robustness.sentences import share, what_flips
from audit.formats.html.robustness.validity import Validity
from audit.formats.html.text.table_records import records
from audit.result import CheckResult, Measurement

SHOWN = 5
_STUCK = "robustness.zero_gradient_share"


@dataclass(frozen=True, slots=True)
class Stuck:
    """The share of rows on which each attack found no gradient."""

    sentence: str
    plot: Plot
    table: list[Cells]
    methods: str


@dataclass(frozen=True, slots=True)
class Robustness:
    """What the section shows; every part is empty or None where it was not measured."""

    template: ClassVar[str] = "robustness.html.j2"
    tables: ClassVar[dict[str, tuple[str, ...]]] = {
        "flips": flipped_rows.COLUMNS,
        "columns": moved_columns.COLUMNS,
        "validity": validity.COLUMNS,
    }

    curves: list[AttackCurve]
    flip_rate: str
    panels: list[GroupPanel]
    flips_sentence: str
    flips: list[Flip]
    folded: list[Flip]
    columns: Columns | None
    stuck: Stuck | None
    validity: Validity | None
    full: list[SizeTable]
    corruptions: Corruptions | None

    @staticmethod
    def covers(found: Measurement) -> bool:
        """Whether the section shows ``found``: about an attack, a corruption, or rows without gradient."""
        return (
            measurements.read(found) is not None
            or corruption_curves.read(found) is not None
            or (measurements.is_clean(found) and bool(found.where))
            or _is_stuck(found)
        )

    @classmethod
    def of(cls, check: CheckResult) -> Robustness:
        """Gather the section from the measurements and tables of ``check``."""
        hits = [hit for m in check.measurements if (hit := measurements.read(m))]
        clean = measurements.clean(check.measurements)
        found = flipped_rows.flips(records(check, "flips", flipped_rows.COLUMNS))
        return cls(
            curves=curves(hits, clean.get(ALL)),
            flip_rate=what_flips(hits),
            panels=group_plot.panels(hits, clean),
            flips_sentence=flipped_rows.sentence(found),
            flips=found[:SHOWN],
            folded=found[SHOWN:],
            columns=moved_columns.columns(records(check, "columns", moved_columns.COLUMNS)),
            stuck=_stuck([m for m in check.measurements if _is_stuck(m)]),
            validity=validity.validity(records(check, "validity", validity.COLUMNS)),
            full=size_tables(hits, clean),
            corruptions=corruptions(check.measurements, clean.get(ALL)),
        )


def _is_stuck(found: Measurement) -> bool:
    return found.metric == _STUCK and list(found.where) == ["attack"]


def _stuck(found: Sequence[Measurement]) -> Stuck | None:
    if not found:
        return None
    rows = [Row(str(m.where["attack"]), m) for m in found]
    scale = axis([m.value for m in found], [m.ci for m in found if m.ci], keep=[0.0], low=0.0, high=1.0)
    told = [f"{share(m)} under {called(str(m.where['attack']))}" for m in found]
    return Stuck(
        sentence=f"Rows on which no gradient was found, and that the attack could not move: {', '.join(told)}.",
        plot=interval_plot("Share of rows without a gradient", rows, scale, Guides()),
        table=[cells(row) for row in rows],
        methods=methods(found),
    )
