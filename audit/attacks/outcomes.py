"""Outcomes of attacks, with as many adversarial rows as memory allows: only some flipped ones are looked at later."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from audit.attacks.batch import AttackResult

MEMORY = 2**28
"""Bytes for the adversarial rows of all attacks and sizes together."""


class AdversarialExamples(NamedTuple):
    """Flipped rows: their numbers, int ``(n,)``, and their adversarial values ``(n, columns)``."""

    rows: np.ndarray
    adversarial: np.ndarray


@dataclass(frozen=True)
class Outcome:
    """The effect of one attack of one size on all rows.

    Attributes:
        attack: name of the attack.
        eps: its size, in units of `ThreatModel.scale`.
        flipped: bool, one a row; the model's class differs from the one of the unchanged row.
        stored: int, rising, the rows whose adversarial values are stored: all of them, or the first that flipped if
            there is no room for all.
        adversarial: these rows as attacked, ``(len(stored), columns)`` in the columns' own units and the dtype of
            ``x``; verified to be inside ball and range.
    """

    attack: str
    eps: float
    flipped: np.ndarray
    stored: np.ndarray
    adversarial: np.ndarray

    def examples(self) -> AdversarialExamples:
        """Return the flipped rows that are stored."""
        flipped = self.flipped[self.stored]
        return AdversarialExamples(self.stored[flipped], self.adversarial[flipped])


@dataclass(frozen=True)
class AttackOutcomes:
    """The outcomes, attack by attack in the order requested, eps rising.

    ``zero_gradient`` has, for each attack along the model's own gradient, the rows, bool ``(rows,)``, at which that
    gradient is zero: that such an attack does not flip them is no sign of robustness.
    """

    outcomes: list[Outcome]
    zero_gradient: dict[str, np.ndarray]


def flipped_by_any(outcomes: Iterable[Outcome]) -> np.ndarray:
    """Return which rows at least one of the outcomes flipped, bool ``(rows,)``."""
    return np.asarray(np.logical_or.reduce([outcome.flipped for outcome in outcomes]))


class OutcomeBuffer:
    """Collects the outcome of one attack of one size, batch after batch.

    Args:
        attack: name of the attack.
        eps: its size.
        x: the unchanged rows ``(rows, columns)``.
        capacity: number of adversarial rows that may be stored.
    """

    def __init__(self, attack: str, eps: float, x: np.ndarray, capacity: int) -> None:
        self._has_room = capacity >= len(x)
        stored = np.empty(min(capacity, len(x)), np.int64)
        adversarial = np.empty((len(stored), *x.shape[1:]), x.dtype)
        self._outcome = Outcome(attack, eps, np.zeros(len(x), bool), stored, adversarial)
        self._used = 0

    def add(self, start: int, result: AttackResult) -> None:
        """Take in the result of the rows from ``start`` on."""
        rows = len(result.flipped)
        self._outcome.flipped[start : start + rows] = result.flipped
        index = np.arange(rows) if self._has_room else np.flatnonzero(result.flipped)
        index = index[: len(self._outcome.stored) - self._used]
        free = slice(self._used, self._used + len(index))
        self._outcome.stored[free] = start + index
        self._outcome.adversarial[free] = result.adversarial[index]
        self._used += len(index)

    def outcome(self) -> Outcome:
        """Return the outcome of all rows."""
        used = slice(self._used)
        return replace(
            self._outcome, stored=self._outcome.stored[used], adversarial=self._outcome.adversarial[used]
        )


def rows_per_outcome(outcomes: int, x: np.ndarray, memory: int = MEMORY) -> int:
    """Return how many rows like those of ``x`` each of so many outcomes may store."""
    return max(1, memory // max(1, outcomes * int(x.shape[1]) * x.itemsize))
