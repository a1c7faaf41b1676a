"""Traces: the rows that a measurement comes from, so that two models can be compared row by row."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from audit.result import Evidence, Measurement


@dataclass(frozen=True)
class Shares:
    """Proportions of rows, by their names in ``counts``.

    Each is a pair of bool arrays, one entry a row of the data: the rows in its denominator, and the events (those
    outside the denominator are ignored).
    """

    rates: Mapping[str, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Influence:
    """An estimate's empirical influence function (Hampel 1974): float64, one entry a row of the data.

    It is the linearization from which the standard error follows; its values include row weights and sum to 0, up to
    rounding. A factor that both models have in common may be omitted. ``drawn`` holds the values of other random draws
    of the estimate, such as reference rows, on the same scale; both models must have the same draws.
    """

    values: np.ndarray
    drawn: np.ndarray = field(default_factory=lambda: np.empty(0))


Trace = Shares | Influence


@dataclass(frozen=True)
class Traced:
    """A measurement with its trace, which is computed only where a baseline has the same measurement.

    ``trace`` returns None where the rows are not known: the improvement then has the widest interval there can be.
    """

    measurement: Measurement
    trace: Callable[[], Trace | None]


TracedEvidence = Evidence | Traced
"""What a check may yield: a measurement may come with its trace."""


def untraced(evidence: Iterable[TracedEvidence]) -> list[Evidence]:
    """Return the evidence, each `Traced` replaced by its measurement."""
    return [item.measurement if isinstance(item, Traced) else item for item in evidence]
