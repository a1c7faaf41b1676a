"""Evidence of the worst slices: the gap of the worst one, a table of all that were chosen, and notes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audit.checks.slices.columns import SlicedRows, sliced_rows
from audit.checks.slices.gaps import MeasuredRows
from audit.checks.slices.losses import row_losses
from audit.checks.slices.search import Search, worst_slices
from audit.checks.slices.tallies import SearchRows
from audit.checks.slices.weak_spots import SliceLine, slice_table, weak_spot_note
from audit.errors import Skip
from audit.result import Note
from audit.stats.halves import draw_half
from audit.stats.influence import Traced, TracedEvidence
from audit.subject.predictions import Classified
from audit.subject.subject import Subject


@dataclass(frozen=True)
class SliceRequest:
    """The options of the check, as `Slices` describes them."""

    min_rows: int
    top: int
    min_gap: float


def slice_evidence(subject: Subject, request: SliceRequest) -> Iterator[TracedEvidence]:
    """Choose slices on one half of the sampled rows, measure them on the other, and yield what comes of it.

    Raises:
        Skip: there is no column to slice by, or no slice has enough rows.
    """
    sample = sliced_rows(subject, request.min_rows)
    if not sample.columns:
        raise Skip(
            "there is no column to slice by: no feature is a number or category, no attribute protected"
        )
    search_half = _search_half(subject, sample)
    rows = _search_rows(subject, sample, search_half)
    search = worst_slices(sample.columns, rows, request.min_rows, request.top)
    if not search.slices:
        raise Skip(
            f"no slice of the {len(sample.index):,} rows has {request.min_rows} rows in each half of them"
        )
    lines = _measured(subject, sample, ~search_half, search, request)
    yield Traced(lines[0].gap.measurement, lines[0].gap.trace)
    yield slice_table(lines)
    yield from _notes(subject, sample, search, rows)
    yield from weak_spot_note(lines)


def _search_half(subject: Subject, sample: SlicedRows) -> np.ndarray:
    """Draw the search half, bool, one a row of the sample.

    It is not stratified by the losses: those of one half would tell of those of the other.
    """
    clusters = None if subject.clusters is None else subject.clusters[sample.index]
    everyone = np.zeros(len(sample.index), np.int64)
    return draw_half(everyone, clusters, np.random.default_rng([subject.seed, 7]))


def _search_rows(subject: Subject, sample: SlicedRows, half: np.ndarray) -> SearchRows:
    index = sample.index[half]
    weight = np.ones(len(index)) if subject.weights is None else subject.weights[index].astype(np.float64)
    of_cluster = weight
    if subject.clusters is not None:
        _, member = np.unique(subject.clusters[index], return_inverse=True)
        of_cluster = np.bincount(member, weight)[member]
    return SearchRows(
        place=np.flatnonzero(half),
        loss=row_losses(subject.scores)[index],
        weight=weight,
        square=weight * of_cluster,
        measured=np.flatnonzero(~half),
        are_errors=isinstance(subject.scores, Classified),
    )


def _measured(
    subject: Subject, sample: SlicedRows, half: np.ndarray, search: Search, request: SliceRequest
) -> list[SliceLine]:
    """Measure the slices on a half; limits are corrected for their number (Bonferroni)."""
    rows = MeasuredRows.of(subject, sample.index[half])
    confidence = 1.0 - (1.0 - subject.policy.gate.confidence) / len(search.slices)
    gaps = [(one.text, rows.gap(one.rows()[half])) for one in search.slices]
    return [SliceLine.of(text, gap, confidence, request.min_gap) for text, gap in gaps]


def _notes(subject: Subject, sample: SlicedRows, search: Search, rows: SearchRows) -> Iterator[Note]:
    drawn = "" if len(sample.index) == subject.rows else f", drawn from {subject.rows:,}"
    yield Note(
        text=f"Slices were chosen among {search.candidates:,} candidates on {len(rows.place):,} rows and measured on "
        f"{len(rows.measured):,} others{drawn}."
    )
    if search.paired_columns < len(sample.columns):
        yield Note(
            text=f"Of {len(sample.columns):,} columns, those {search.paired_columns} were paired with each other whose "
            "own slices stand out most."
        )
    if search.slices[0].rating <= 0.0:
        yield Note(text="No slice stands out more than the worst of so many candidates does by chance.")
