"""Keeps what attacks did to rows, as far as memory allows: later only some of the flipped ones are looked at."""

from __future__ import annotations

import numpy as np

from audit.attacks.batch import Tried
from audit.attacks.threat_model import Attack, Outcome

MEMORY = 2**28
"""Bytes of the rows as moved, of all attacks and sizes together."""


class Kept:
    """Gathers the outcome of one attack of one size, batch after batch.

    Args:
        attack: its name.
        eps: its size.
        like: the unchanged rows ``(rows, columns)``.
        room: how many rows as moved may be kept.
    """

    def __init__(self, attack: Attack, eps: float, like: np.ndarray, room: int) -> None:
        self._attack, self._eps, self._every = attack, eps, room >= len(like)
        room = min(room, len(like))
        self._flipped, self._rows = np.zeros(len(like), bool), np.empty(room, np.int64)
        self._moved, self._used = np.empty((room, *like.shape[1:]), like.dtype), 0

    def add(self, start: int, tried: Tried) -> None:
        """Take in what came of the rows from ``start`` on."""
        moved, flipped = tried
        self._flipped[start : start + len(flipped)] = flipped
        chosen = np.arange(len(flipped)) if self._every else np.flatnonzero(flipped)
        chosen = chosen[: len(self._rows) - self._used]
        there = slice(self._used, self._used + len(chosen))
        self._rows[there], self._moved[there] = start + chosen, moved[chosen]
        self._used += len(chosen)

    def outcome(self) -> Outcome:
        """Return what came of all rows."""
        used = self._used
        return Outcome(self._attack, self._eps, self._flipped, self._rows[:used], self._moved[:used])


def room(outcomes: int, like: np.ndarray, memory: int = MEMORY) -> int:
    """Return how many rows of this kind each of so many outcomes may keep."""
    return max(1, memory // max(1, outcomes * int(like.shape[1]) * like.itemsize))
