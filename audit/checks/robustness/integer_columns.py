"""Columns that move in whole numbers: a small attack may not reach another one, and then says nothing of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from audit.attacks import ThreatModel
from audit.checks.robustness.attacked_rows import AttackedRows
from audit.errors import quote_list
from audit.result import Note
from audit.subject.subject import Subject


def stuck(x: np.ndarray, space: ThreatModel, eps: float) -> np.ndarray:
    """Return which integer columns no row can move within ``eps``, bool ``(columns,)``, by the ball's own rule.

    A column with a reach below 1 is stuck even where its values are fractions, a few of which lie near a whole number:
    that these were tried says nothing of the others. Every number of a picture has room to move one way or the other.

    Args:
        x: the rows ``(rows, columns)``.
        space: where they may move.
        eps: in standard deviations. In either norm a column that moves alone gets that far.
    """
    if space.shape:
        return np.asarray(space.integer & space.movable & (eps * space.scale < 1))
    at = np.where(space.free(x), x, 0.5).astype(np.float64)
    low, high = space.range_of(at)
    reach = eps * space.scale
    first, last = np.ceil(np.maximum(low, at - reach)), np.floor(np.minimum(high, at + reach))
    moves = (reach >= 1) & (first <= last) & ((first != at) | (last != at)) & space.free(x)
    found: np.ndarray = space.integer & space.movable & ~moves.any(0)
    return found


def too_small(attacked: AttackedRows, subject: Subject, eps: Sequence[float]) -> Iterator[Note]:
    """Yield a note for each size at which some column cannot move that can at a larger one."""
    owner = np.repeat(np.arange(len(columns := subject.features.columns)), [c.width for c in columns])
    for size in sorted(set(eps) - {0.0}):
        held = stuck(attacked.matrix, attacked.space, size)
        names = [columns[place].name for place in np.unique(owner[held])]
        if names:
            yield Note(text=f"At eps {size:g}, {quote_list(names)} cannot reach another whole number.")
