"""Evidence that a check yields, and the result of one check."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from audit.result.measurement import Better, Measurement, Scalar

CheckStatus = Literal["measured", "skipped", "crashed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Data of a chart or list: columns of equal length. No rule is decided on it.

    A missing cell is None. A column holds numbers or texts, not both.

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
        types = {kind for column in self.columns.values() for kind in set(map(type, column))}
        if foreign := {kind.__name__ for kind in types if not issubclass(kind, Scalar | None)}:
            raise ValueError(f"the table {self.name!r} has cells of type {', '.join(sorted(foreign))}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Sentence about the measurements for the reader, such as a fallback or a limitation of the method.

    ``about`` names the values of ``where`` whose measurements it explains, such as ``{"attack": ["pgd"]}``: the gate
    gives it as the reason of a rule on them that it cannot decide. ``bounds`` says that they bound the value on one
    side only. A ``warning`` appears next to the verdict, at the top of the report.
    """

    text: str
    about: dict[str, list[Scalar]] = field(default_factory=dict)
    bounds: bool = False
    warning: bool = False

    def explains(self, where: Mapping[str, Scalar]) -> bool:
        """Return whether this note is about measurements with these values of ``where``."""
        shared = self.about.keys() & where.keys()
        return bool(shared) and all(where[key] in self.about[key] for key in shared)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unasked:
    """A measurement that no rule covers: it can only be warned of."""

    measurement: Measurement


Evidence = Measurement | Table | Note | Unasked
"""Types that a check may yield."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledRows:
    """The part of the data's rows that a metric is measured on, for advice on how many more are needed.

    ``kind`` stands before "rows" in a sentence, such as "held-out"; ``source`` says where more of them come from.
    """

    kind: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFacts:
    """Description of a metric: how to read it, its range and ideal value, and which direction is better.

    ``better`` None means that neither is: no rule can compare the metric with a baseline's. ``sampled`` is
    None if all rows of the data are measured. ``exact_zero`` completes "GROUP: …" where an exact value of 0 is no
    evidence of the model, so that a limit on it says nothing. ``of_data`` is whether the value follows from the data
    alone, so that no model could break a limit on it. ``link`` is the address of a page that defines the metric. A
    report leaves them out where they are None or False.
    """

    about: str
    low: float | None = None
    high: float | None = None
    ideal: float | None = None
    better: Better | None = None
    sampled: SampledRows | None = None
    exact_zero: str | None = None
    of_data: bool = False
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """Measurements of one check with notes and tables, or the reason why it did not measure.

    ``reasons`` are those notes that explain certain measurements, or why they are missing. ``warnings`` are repeated
    in the report's. ``unasked`` are measurements of intersections that the policy does not name, and of privileged
    groups against each other, on which no rule decides; a report leaves them out where there are none.
    """

    name: str
    status: CheckStatus
    reason: str | None = None
    summary: str = ""
    metrics: dict[str, MetricFacts] = field(default_factory=dict)
    measurements: list[Measurement] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    reasons: list[Note] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    unasked: list[Measurement] = field(default_factory=list)
