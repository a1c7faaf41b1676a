"""What a check yields, and what one check measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from audit.result.measurement import Better, Measurement, Scalar

CheckStatus = Literal["measured", "skipped", "crashed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a picture or a list is made of: columns of equal length. No rule is decided on it.

    A cell is None where there is nothing to show. A column holds numbers or texts, not both.

    Raises:
        ValueError: the columns differ in length, or a cell is no plain value (numpy has floats that are none).
    """

    name: str
    about: str
    columns: dict[str, list[Scalar | None]]

    def __post_init__(self) -> None:
        lengths = {name: len(cells) for name, cells in self.columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"the table {self.name!r} has columns that differ in length: {lengths}")
        cells = (cell for column in self.columns.values() for cell in column)
        if foreign := {type(cell).__name__ for cell in cells if not isinstance(cell, Scalar | None)}:
            raise ValueError(f"the table {self.name!r} has cells of type {', '.join(sorted(foreign))}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence that a reader of the measurements has to know: a fall-back, a limit of the method."""

    text: str


Evidence = Measurement | Table | Note
"""What a check may yield."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFacts:
    """What a reader needs to know of a metric: how to read it, its range, its ideal value and which way is better.

    ``better`` None means that neither direction is: no rule can compare the metric with a baseline's.
    """

    about: str
    low: float | None = None
    high: float | None = None
    ideal: float | None = None
    better: Better | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one check measured, or why it did not; ``notes`` are to be read beside the measurements."""

    name: str
    status: CheckStatus
    reason: str | None = None
    summary: str = ""
    metrics: dict[str, MetricFacts] = field(default_factory=dict)
    measurements: list[Measurement] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
