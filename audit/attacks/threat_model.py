"""Where attacks may move, and what came of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

Attack = Literal["noise", "fgsm", "pgd", "square", "restarts", "bpda", "smoothed", "border", "decisions"]
"""The first four run on request, the others where these prove nothing."""
Norm = Literal["inf", "2"]
ClassifyFunction = Callable[[np.ndarray], np.ndarray]
"""From rows ``(n, columns)`` to the class that the audited model decides for each, int ``(n,)``."""
LogOddsFunction = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""From rows ``(n, columns)`` to the audited model's log-odds of the classes, float64 ``(n, classes)``, whose largest is
the decision, and that decision, int ``(n,)``: what an attack without a gradient goes by."""


@dataclass(frozen=True)
class ThreatModel:
    """Where attacks may move; every array has one entry a column of the matrix.

    Attributes:
        scale: one unit of eps in the column's own unit, > 0; 1 where the column must not move.
        low: least value observed, in the column's own unit.
        high: greatest value observed.
        movable: bool; the others keep their values bit for bit.
        integer: bool; rounded to whole numbers before it is judged.
        shape: ``(height, width, channels)`` where the movable columns are the numbers of a picture, in C order.
    """

    scale: np.ndarray
    low: np.ndarray
    high: np.ndarray
    movable: np.ndarray
    integer: np.ndarray
    shape: tuple[int, int, int] | None = None

    def free(self, x: np.ndarray) -> np.ndarray:
        """Return which values of ``x`` may move, bool ``(rows, columns)``: one that is not finite stays."""
        free: np.ndarray = np.isfinite(x) & self.movable
        return free

    def range_of(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return low and high for each value of ``x``: one that lies outside already may not move further out."""
        return np.minimum(self.low, x), np.maximum(self.high, x)


@dataclass(frozen=True)
class Outcome:
    """What came of one attack of one size.

    Attributes:
        attack: its name.
        eps: its size, in units of `ThreatModel.scale`.
        flipped: bool, one a row; the judge's class differs from the one of the unchanged row.
        kept: int, rising, the rows that are kept as moved: all of them, or the first that flipped where there is no
            room for all.
        moved: these rows as attacked, ``(len(kept), columns)`` in the columns' own units and the dtype of ``x``;
            verified to lie inside ball and range.
    """

    attack: Attack
    eps: float
    flipped: np.ndarray
    kept: np.ndarray
    moved: np.ndarray

    def examples(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the flipped rows that are kept, int ``(n,)``, and how they were moved, ``(n, columns)``."""
        chosen = self.flipped[self.kept]
        return self.kept[chosen], self.moved[chosen]


@dataclass(frozen=True)
class Attacked:
    """The outcomes, attack by attack in the order asked, eps rising.

    ``zero_gradient`` says for each attack by gradient which rows, bool ``(rows,)``, it could not move
    because the model has no gradient there: that a decision stood is then no sign that it is robust.
    """

    outcomes: list[Outcome]
    zero_gradient: dict[str, np.ndarray]
