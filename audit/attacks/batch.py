"""Rows under attack: applies perturbations to them and asks the model for its decisions."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from audit.attacks.projection import Ball
from audit.attacks.threat_model import ClassifyFunction, LogOddsFunction, Norm, Range, ThreatModel


class AttackResult(NamedTuple):
    """Adversarial rows ``(rows, columns)``, and whether the model decides otherwise for them, bool ``(rows,)``."""

    adversarial: np.ndarray
    flipped: np.ndarray


class ScoredResult(NamedTuple):
    """An `AttackResult` with the log-odds of the original class against the best other one, ``margin`` ``(rows,)``."""

    adversarial: np.ndarray
    flipped: np.ndarray
    margin: np.ndarray


class Rating(NamedTuple):
    """Whether the model decides otherwise for rows, bool ``(rows,)``, and the ``margin`` as in `ScoredResult`."""

    flipped: np.ndarray
    margin: np.ndarray


@dataclass(frozen=True)
class Batch:
    """Rows ``x`` ``(rows, columns)`` with the ``classes`` that the model decides for them.

    ``keys`` are numbers, uint64 ``(rows,)``, that a row's random draws follow; by default its place. ``log_odds`` is
    called only by attacks that follow scores. ``observed`` are rows ``(n, columns)`` of the
    background: attacks along the decision boundary start where their values flip the decision.
    """

    x: np.ndarray
    classes: np.ndarray
    threat_model: ThreatModel
    norm: Norm
    classify: ClassifyFunction
    log_odds: LogOddsFunction | None = None
    observed: np.ndarray | None = None
    keys: np.ndarray | None = None

    def take(self, index: np.ndarray | slice) -> "Batch":
        """Return some of the rows."""
        keys = None if self.keys is None else self.keys[index]
        return replace(self, x=self.x[index], classes=self.classes[index], keys=keys)

    def flips(self, rows: np.ndarray) -> np.ndarray:
        """Return whether the model decides otherwise for ``rows`` than for those of ``x``, bool ``(rows,)``."""
        return np.asarray(self.classify(rows) != self.classes)

    def bounds(self) -> Range:
        """Return the least and greatest perturbation that leaves each value in its range, in units of eps, float32."""
        free = self.threat_model.free(self.x)
        x = np.where(free, self.x, 0)
        edges = ((edge - x) / self.threat_model.scale for edge in self.threat_model.range_of(x))
        return Range(*(np.where(free, edge, 0).astype(np.float32) for edge in edges))

    def perturb(self, eta: np.ndarray, eps: float) -> AttackResult:
        """Project ``eta`` into the ball of radius ``eps`` and classify the rows that it changes."""
        adversarial = Ball(self.threat_model, self.norm, eps).place(self.x, eta)
        flipped = np.zeros(len(adversarial), bool)
        changed = np.flatnonzero((adversarial != self.x).any(1))
        if len(changed):
            flipped[changed] = self.take(changed).flips(adversarial[changed])
        return AttackResult(adversarial, flipped)

    def score(self, eta: np.ndarray, eps: float) -> ScoredResult:
        """Perturb as `perturb` does, and score every row by `log_odds`."""
        adversarial = Ball(self.threat_model, self.norm, eps).place(self.x, eta)
        flipped, margin = self.rate(adversarial)
        changed = (adversarial != self.x).any(1)  # as for `perturb`, an unchanged row has not flipped
        return ScoredResult(adversarial, changed & flipped, margin)

    def rate(self, rows: np.ndarray) -> Rating:
        """Return the model's decisions and margins for other rows in place of ``x``."""
        assert self.log_odds is not None  # given where such an attack was requested
        logits, decided = self.log_odds(rows)
        original = np.arange(len(rows)), self.classes
        others = logits.copy()
        others[original] = -np.inf
        return Rating(decided != self.classes, logits[original] - others.max(1))


def for_each_eps(
    batch: Batch, epsilons: Sequence[float], search: Callable[[np.ndarray, float], AttackResult]
) -> Iterator[AttackResult]:
    """Yield the result of each size; rows that a smaller one flipped are not attacked again.

    Args:
        batch: the rows.
        epsilons: sizes of the attack, rising.
        search: attacks the rows of ``batch`` with these numbers, int ``(n,)``, at one size.
    """
    adversarial = batch.x.copy()
    flipped = np.zeros(len(batch.x), bool)
    for eps in epsilons:
        left = np.flatnonzero(~flipped)
        adversarial[left], flipped[left] = search(left, eps)
        yield AttackResult(adversarial.copy(), flipped.copy())


def one_step(batch: Batch, direction: np.ndarray, epsilons: Sequence[float]) -> Iterator[AttackResult]:
    """Yield the result of one step of each size in the same direction."""
    for eps in epsilons:
        yield batch.perturb(eps * direction.astype(np.float64), eps)
