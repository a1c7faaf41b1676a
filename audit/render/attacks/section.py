"""The section on attacks: accuracy against their size, by group, the smallest flips, and what could move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from audit.render.attacks import corrupted, flips, measured, moved, tracks, validity
from audit.render.attacks.corrupted import Corruptions, corruptions
from audit.render.attacks.curve import AttackCurve, curves
from audit.render.attacks.flips import Flip
from audit.render.attacks.measured import ALL, called
from audit.render.attacks.moved import Columns
from audit.render.attacks.sizes import SizeTable, size_tables
from audit.render.attacks.tracks import GroupPanel
from audit.render.attacks.validity import Validity
from audit.render.attacks.words import share, what_flips
from audit.render.axis import axis
from audit.render.intervals import interval_plot
from audit.render.plot import Guides, Plot, Row
from audit.render.records import records
from audit.render.tables import Cells, cells, methods
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
        "flips": flips.COLUMNS,
        "columns": moved.COLUMNS,
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
            measured.read(found) is not None
            or corrupted.read(found) is not None
            or (measured.is_clean(found) and bool(found.where))
            or _is_stuck(found)
        )

    @classmethod
    def of(cls, check: CheckResult) -> Robustness:
        """Gather the section from the measurements and tables of ``check``."""
        hits = [hit for m in check.measurements if (hit := measured.read(m))]
        clean = measured.clean(check.measurements)
        found = flips.flips(records(check, "flips", flips.COLUMNS))
        return cls(
            curves=curves(hits, clean.get(ALL)),
            flip_rate=what_flips(hits),
            panels=tracks.panels(hits, clean),
            flips_sentence=flips.sentence(found),
            flips=found[:SHOWN],
            folded=found[SHOWN:],
            columns=moved.columns(records(check, "columns", moved.COLUMNS)),
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
