"""The threat model of an evaluation: which values an adversary may change, in what units and within which range."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

Norm = Literal["inf", "2"]
ClassifyFunction = Callable[[np.ndarray], np.ndarray]
"""From rows ``(n, columns)`` to the class that the audited model decides for each, int ``(n,)``."""
LogOddsFunction = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""From rows ``(n, columns)`` to the audited model's log-odds of the classes, float64 ``(n, classes)``, whose largest is
the decision, and that decision, int ``(n,)``: the guide of attacks without a gradient."""


class Range(NamedTuple):
    """Least and greatest value of each entry of an array, both of its shape."""

    low: np.ndarray
    high: np.ndarray

    def take(self, index: np.ndarray) -> "Range":
        """Return the range of some of the rows."""
        return Range(self.low[index], self.high[index])


@dataclass(frozen=True)
class ThreatModel:
    """Values that attacks may change; every array has one entry a column of the matrix.

    Attributes:
        scale: one unit of eps in the column's own unit, > 0; 1 where the column must not move.
        low: least value observed, in the column's own unit.
        high: greatest value observed.
        movable: bool; the others keep their values bit for bit, or are of a choice.
        integer: bool; rounded to whole numbers before the model sees it.
        shape: ``(height, width, channels)`` if the movable columns are the pixels of an image, in C order.
        choices: groups of columns, each int ``(categories,)``, of which every row has exactly one 1 and an attack may
            choose another one. They are not movable, and no part of eps.
    """

    scale: np.ndarray
    low: np.ndarray
    high: np.ndarray
    movable: np.ndarray
    integer: np.ndarray
    shape: tuple[int, int, int] | None = None
    choices: tuple[np.ndarray, ...] = ()

    @property
    def is_still(self) -> bool:
        """Whether nothing may change."""
        return not (self.movable.any() or self.choices)

    @cached_property
    def in_choice(self) -> np.ndarray:
        """Which columns are of a choice, bool ``(columns,)``."""
        in_choice = np.zeros(len(self.scale), bool)
        for choice in self.choices:
            in_choice[choice] = True
        return in_choice

    def free(self, x: np.ndarray) -> np.ndarray:
        """Return which values of ``x`` may move, bool ``(rows, columns)``: one that is not finite stays."""
        free: np.ndarray = np.isfinite(x) & self.movable
        return free

    def range_of(self, x: np.ndarray) -> Range:
        """Return the range of each value of ``x``: one outside the observed range may not move further out."""
        return Range(np.minimum(self.low, x), np.maximum(self.high, x))
