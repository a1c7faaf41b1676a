"""Where a measurement comes from: which rows move it, and how. Two models are compared row by row through it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Shares:
    """Proportions of rows, by their names in ``counts``.

    Each is a pair of bool arrays, one entry a row of the data: the rows in its denominator, and the events (those
    outside the denominator are not looked at).
    """

    rates: Mapping[str, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Influence:
    """What each row moves an estimate by, to first order: float64, one entry a row of the data.

    A factor may be left out that both models have in common. Row weights are contained. The values sum to 0, but for
    rounding: they are an estimate's empirical influence function (Hampel 1974), the linearization that its standard
    error is made from. ``drawn`` are those of other draws that the estimate depends on, as of reference rows, on the
    same scale; both models must have the same draws.
    """

    values: np.ndarray
    drawn: np.ndarray = field(default_factory=lambda: np.empty(0))


Trace = Shares | Influence
