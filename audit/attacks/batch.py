"""Some rows under attack: places perturbations of them and has the result judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from audit.attacks.projection import Ball
from audit.attacks.threat_model import ClassifyFunction, LogOddsFunction, Norm, ThreatModel

Tried = tuple[np.ndarray, np.ndarray]
"""The rows as moved, ``(rows, columns)``, and whether the judge decides otherwise for them, bool ``(rows,)``."""


@dataclass(frozen=True)
class Batch:
    """Rows ``x`` ``(rows, columns)`` with the ``classes`` that the judge gives them.

    ``weigh`` is asked by attacks that follow no gradient, and by no others. ``known`` are observed rows
    ``(n, columns)``: where their values are decided otherwise, attacks from the border begin.
    """

    x: np.ndarray
    classes: np.ndarray
    space: ThreatModel
    norm: Norm
    judge: ClassifyFunction
    log_odds: LogOddsFunction | None = None
    known: np.ndarray | None = None

    def take(self, index: np.ndarray | slice) -> Batch:
        """Return some of the rows."""
        return replace(self, x=self.x[index], classes=self.classes[index])

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the least and greatest perturbation of each value inside its range, in units of the scale, float32."""
        free = self.space.free(self.x)
        at = np.where(free, self.x, 0)
        low, high = ((edge - at) / self.space.scale for edge in self.space.range_of(at))
        return np.where(free, low, 0).astype(np.float32), np.where(free, high, 0).astype(np.float32)

    def tried(self, eta: np.ndarray, eps: float) -> Tried:
        """Place ``eta`` in the ball of size ``eps`` and judge the rows that it moved."""
        moved = Ball(self.space, self.norm, eps).place(self.x, eta)
        flipped = np.zeros(len(moved), bool)
        changed = np.flatnonzero((moved != self.x).any(1))
        if len(changed):
            flipped[changed] = self.judge(moved[changed]) != self.classes[changed]
        return moved, flipped

    def weighed(self, eta: np.ndarray, eps: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Place ``eta`` in the ball of size ``eps``; return what `tried` does, and how far from a flip each row stayed.

        That is the log-odds of the class decided for ``x`` against the best other, ``(rows,)``.
        """
        assert self.log_odds is not None  # given where such an attack was asked for
        moved = Ball(self.space, self.norm, eps).place(self.x, eta)
        logits, decided = self.log_odds(moved)
        own = np.arange(len(moved)), self.classes
        others = logits.copy()
        others[own] = -np.inf
        changed = (moved != self.x).any(1)  # as for `tried`, a row that stands still has not flipped
        flipped = changed & (decided != self.classes)
        return moved, flipped, logits[own] - others.max(1)


def rising(
    batch: Batch, sizes: Sequence[float], search: Callable[[np.ndarray, float], Tried]
) -> Iterator[Tried]:
    """Yield what came of each size.

    Args:
        batch: the rows.
        sizes: rising.
        search: attacks the rows of ``batch`` with these numbers, int ``(n,)``, at one size.
    """
    best, flipped = batch.x.copy(), np.zeros(len(batch.x), bool)
    for eps in sizes:
        left = np.flatnonzero(~flipped)
        best[left], flipped[left] = search(left, eps)
        yield best.copy(), flipped.copy()
