"""Evidence of the worst slices: the gap of the worst one, a table of all that were chosen, and notes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audit.checks.slices.columns import SliceColumn, sliced_rows
from audit.checks.slices.gaps import measured_gap
from audit.checks.slices.losses import LossRows
from audit.checks.slices.search import Search, detectable_gap, worst_slices
from audit.checks.slices.tallies import SearchRows
from audit.checks.slices.weak_spots import SliceLine, slice_table, weak_spot_note
from audit.errors import Skip
from audit.numbers import number
from audit.result import Note
from audit.stats.halves import draw_half
from audit.stats.influence import Influence, Traced, TracedEvidence
from audit.subject.subject import Subject


@dataclass(frozen=True)
class SliceRequest:
    """The options of the check, as `Slices` describes them, the run's confidence, and its seed."""

    min_rows: int
    top: int
    min_gap: float
    confidence: float
    seed: int


@dataclass(frozen=True)
class MeasuredSlices:
    """The chosen slices and their measurements, the audited rows they are measured on, and how many were searched.

    ``detectable`` is the gap from which on a slice of the fewest rows would have stood out, in the metric's unit.
    """

    search: Search
    lines: list[SliceLine]
    measured: np.ndarray
    searched: int
    detectable: float


def slice_evidence(subject: Subject, request: SliceRequest) -> Iterator[TracedEvidence]:
    """Yield the gap of the worst slice, the table ``slices``, notes, and a warning of a weak spot.

    Raises:
        Skip: there is no column to slice by, or no slice has enough rows.
    """
    sample = sliced_rows(subject, request.min_rows)
    if not sample.columns:
        raise Skip(
            "there is no column to slice by: no feature is a number or category, no attribute protected"
        )
    result = measured_slices(sample.columns, LossRows.of(subject, sample.index), request)
    if not result.lines:
        raise Skip(
            f"no slice of the {len(sample.index):,} rows has {request.min_rows} rows in each half of them"
        )
    worst = result.lines[0].gap

    def trace() -> Influence:
        values = np.zeros(subject.rows)
        values[result.measured] = worst.influence()
        return Influence(values)

    yield Traced(worst.measurement, trace)
    yield slice_table(result.lines)
    yield from _notes(result, subject.rows, len(sample.columns), request.min_rows)
    yield from weak_spot_note(result.lines)


def measured_slices(columns: list[SliceColumn], rows: LossRows, request: SliceRequest) -> MeasuredSlices:
    """Choose slices on one half of the rows and measure them on the other.

    The halves are not stratified by the losses: those of one half would tell of those of the other. Limits are
    corrected for the number of slices (Bonferroni).
    """
    rng = np.random.default_rng([request.seed, 7])
    half = draw_half(np.zeros(len(rows.loss), np.int64), rows.clusters, rng)
    searched = SearchRows.of(rows, half)
    search = worst_slices(columns, searched, request.min_rows, request.top)
    measured = rows.take(~half)
    confidence = 1.0 - (1.0 - request.confidence) / max(1, len(search.slices))
    gaps = [(one.text, measured_gap(measured, one.rows()[~half])) for one in search.slices]
    lines = [SliceLine.of(text, gap, confidence, request.min_gap) for text, gap in gaps]
    unit = 1.0 if rows.target is None else float(np.std(rows.target))
    detectable = detectable_gap(searched, request.min_rows, search.candidates) / unit
    return MeasuredSlices(search, lines, measured.index, len(searched.place), detectable)


def _notes(result: MeasuredSlices, rows: int, columns: int, min_rows: int) -> Iterator[Note]:
    search = result.search
    measured = len(result.measured)
    source = "" if result.searched + measured == rows else f", drawn from {rows:,}"
    yield Note(
        text=f"Slices were chosen among {search.candidates:,} candidates on {result.searched:,} rows and measured on "
        f"{measured:,} others{source}."
    )
    if search.paired_columns < columns:
        yield Note(
            text=f"Of {columns:,} columns, those {search.paired_columns} were paired with each other whose own "
            "slices stand out most."
        )
    if search.slices[0].rating <= 0.0:
        yield Note(
            text="No slice stands out more than the worst of so many candidates does by chance. One of "
            f"{min_rows:,} rows would stand out from a gap of about {number(result.detectable)} on: a smaller gap can "
            "be missed."
        )
