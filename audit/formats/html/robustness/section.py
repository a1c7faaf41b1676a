"""The section on attacks: accuracy against their size, by group, the smallest flips, and movable columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from audit.formats.html.charts.axis import axis
from audit.formats.html.charts.interval_plot import interval_plot
from audit.formats.html.charts.measurement_table import methods
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
from audit.formats.html.robustness.measurements import ALL, label_of
from audit.formats.html.robustness.moved_columns import MovedColumns
from audit.formats.html.robustness.sentences import flip_sentence, share
from audit.formats.html.robustness.validity import Validity
from audit.formats.text.catalogue import words
from audit.formats.text.table_records import records
from audit.result import CheckResult, Measurement

MAX_OPEN_FLIPS = 5
_ZERO_GRADIENT = "robustness.zero_gradient_share"


@dataclass(frozen=True, slots=True)
class ZeroGradientPlot:
    """The share of rows on which each attack found no gradient, as a plot."""

    sentence: str
    plot: Plot
    methods: str


@dataclass(frozen=True, slots=True)
class RobustnessSection:
    """The page's section on attacks, by its parts; each is empty or None if it was not measured."""

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
    columns: MovedColumns | None
    zero_gradient: ZeroGradientPlot | None
    validity: Validity | None
    full: list[SizeTable]
    corruptions: Corruptions | None

    @staticmethod
    def covers(measurement: Measurement) -> bool:
        """Return whether the section shows ``measurement``: of an attack, a corruption, or rows without gradient."""
        return (
            measurements.read(measurement) is not None
            or corruption_curves.read(measurement) is not None
            or (measurements.is_clean(measurement) and bool(measurement.where))
            or _is_zero_gradient(measurement)
        )

    @classmethod
    def of(cls, check: CheckResult) -> "RobustnessSection":
        """Return the section of ``check``, made from its measurements and tables."""
        hits = [hit for m in check.measurements if (hit := measurements.read(m))]
        clean = measurements.clean(check.measurements)
        flips = flipped_rows.flips(records(check, "flips", flipped_rows.COLUMNS))
        return cls(
            curves=curves(hits, clean.get(ALL)),
            flip_rate=flip_sentence(hits),
            panels=group_plot.panels(hits, clean),
            flips_sentence=flipped_rows.sentence(flips),
            flips=flips[:MAX_OPEN_FLIPS],
            folded=flips[MAX_OPEN_FLIPS:],
            columns=moved_columns.columns(records(check, "columns", moved_columns.COLUMNS)),
            zero_gradient=_zero_gradient([m for m in check.measurements if _is_zero_gradient(m)]),
            validity=validity.validity(records(check, "validity", validity.COLUMNS)),
            full=size_tables(hits, clean),
            corruptions=corruptions(check.measurements, clean.get(ALL)),
        )


def _is_zero_gradient(measurement: Measurement) -> bool:
    return measurement.metric == _ZERO_GRADIENT and list(measurement.where) == ["attack"]


def _zero_gradient(shares: Sequence[Measurement]) -> ZeroGradientPlot | None:
    if not shares:
        return None
    rows = [Row(str(m.where["attack"]), m) for m in shares]
    scale = axis([m.value for m in shares], [m.ci for m in shares if m.ci], keep=[0.0], low=0.0, high=1.0)
    parts = [f"{share(m)} under {label_of(str(m.where['attack']))}" for m in shares]
    return ZeroGradientPlot(
        sentence=words("attack", "zero_gradient", shares=", ".join(parts)),
        plot=interval_plot("Share of rows without a gradient", rows, scale, Guides()),
        methods=methods(shares),
    )
