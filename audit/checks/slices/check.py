"""The worst slices of the rows: chosen on one half of them, measured on the other."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from audit.check import Check
from audit.checks.slices.definitions import DEFINITIONS
from audit.data.shared_ranges import SHARED
from audit.inputs.features import MOST_ROWS
from audit.result import MetricFacts
from audit.stats.influence import TracedEvidence
from audit.subject.preview import Preview
from audit.subject.subject import Subject


class Slices(Check):
    """Finds where the model is worst: rows that share one or two values of features or protected attributes."""

    summary: ClassVar[str] = "On which rows the model is worst (slices of up to two features)"
    metrics: ClassVar[dict[str, MetricFacts]] = DEFINITIONS
    example: ClassVar[str] = "{metric: slices.worst_gap, at_most: 0.1}"

    rows: Annotated[int, Field(ge=2 * SHARED)] = Field(
        default=MOST_ROWS, description="maximal number of rows that are read: half to search, half to measure"
    )
    min_rows: Annotated[int, Field(ge=SHARED)] = Field(
        default=50, description="number of rows that a slice must have in each half, and the rest as well"
    )
    top: Annotated[int, Field(ge=1, le=20)] = Field(
        default=5, description="maximal number of slices that are reported"
    )
    min_gap: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        default=0.05,
        description="a slice is a weak spot if its corrected interval is above this gap in accuracy (of a "
        "regression: in mean absolute error, in standard deviations of the label)",
    )

    def planned_evaluations(self, _: Preview) -> tuple[float, float]:
        """Return 0: all rows are scored already."""
        return 0.0, 0.0

    def measure(self, subject: Subject) -> Iterator[TracedEvidence]:
        """Yield the gap of the worst slice, the table ``slices``, and a warning if a weak spot is among them.

        Raises:
            Skip: there is no column to slice by, or no slice has enough rows.
        """
        from audit.checks.slices.evidence import SliceRequest, slice_evidence

        request = SliceRequest(
            min_rows=self.min_rows,
            top=self.top,
            min_gap=self.min_gap,
            confidence=subject.policy.gate.confidence,
            seed=subject.seed,
        )
        yield from slice_evidence(subject.sampled(self.rows), request)
