"""Small networks whose logits TensorFlow traces and whose decisions numpy computes, and rows to attack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from audit.attacks import Plan
from audit.attacks.batch import Batch
from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.outcomes import AttackOutcomes, Outcome
from audit.attacks.run import attack
from audit.attacks.threat_model import ThreatModel

Judge = Callable[[np.ndarray], np.ndarray]


@dataclass
class Network:
    """``x W1 -> tanh -> W2``; with ``hidden=0`` it is linear. Counts how often its logits are traced."""

    columns: int
    classes: int = 2
    hidden: int = 8
    seed: int = 0
    gain: float = 1.0
    traced: int = 0
    weights: list[np.ndarray] = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        sizes = [self.columns, *([self.hidden] if self.hidden else []), self.classes]
        self.weights = [rng.normal(size=pair) for pair in pairwise(sizes)]

    def logits(self, x: Any) -> Any:
        import tensorflow as tf

        self.traced += 1
        for weight in self.weights[:-1]:
            x = tf.tanh(tf.matmul(x, tf.constant(weight, x.dtype)))
        return tf.matmul(x, tf.constant(self.gain * self.weights[-1], x.dtype))

    def margins(self, x: np.ndarray) -> np.ndarray:
        """Return the logits in float64, by numpy."""
        values = x.astype(np.float64)
        for weight in self.weights[:-1]:
            values = np.tanh(values @ weight)
        return np.asarray(self.gain * values @ self.weights[-1])

    def judge(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(self.margins(x).argmax(1))


def space(
    columns: int,
    *,
    scale: ArrayLike = 1.0,
    low: ArrayLike = -1e6,
    high: ArrayLike = 1e6,
    movable: ArrayLike = True,
    integer: ArrayLike = False,
) -> ThreatModel:
    """Return a space in which everything moves freely, unless said otherwise."""

    def full(value: ArrayLike) -> np.ndarray:
        return np.broadcast_to(np.asarray(value), columns).copy()

    return ThreatModel(full(scale), full(low), full(high), full(movable), full(integer))


def rows(count: int, columns: int, seed: int = 1, dtype: DTypeLike = np.float32) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, columns)).astype(dtype)


def attacked(
    network: Any, x: np.ndarray, where: ThreatModel, judge: Judge | None = None, **options: Any
) -> AttackOutcomes:
    """Attack what ``judge`` (the network, unless given) decides, with options that a test need not name."""
    judge = judge or network.judge
    norm, batch = options.pop("norm", "inf"), options.pop("batch", 64)
    given = Plan(**{"attacks": ["fgsm"], "eps": [0.3], "seed": 0, **options})
    ascent = GradientAscent(network.logits, where, norm, x.dtype)
    return attack(Batch(x, judge(x), where, norm, judge), ascent, given, batch_size=batch)


def one(found: AttackOutcomes) -> Outcome:
    (outcome,) = found.outcomes
    return outcome
