"""The control: random perturbations of the same size, independent of the model."""

from collections.abc import Iterator

import numpy as np

from audit.attacks.batch import AttackResult, Batch, one_step
from audit.attacks.spec import AttackContext
from audit.attacks.threat_model import Norm, ThreatModel


class Noise:
    """Draws perturbations of size 1, row after row: the same seed gives a row the same one, whatever comes after it.

    Uniform over the corners of the ball (norm inf) or over its sphere (norm 2), in the movable columns.
    """

    def __init__(self, threat_model: ThreatModel, norm: Norm, seed: int) -> None:
        self._movable = threat_model.movable
        self._norm = norm
        self._rng = np.random.Generator(np.random.Philox(seed))

    def draw(self, rows: int) -> np.ndarray:
        """Return the perturbations of the next rows, float32 ``(rows, columns)`` in units of the scale."""
        shape = rows, int(self._movable.sum())
        noise = np.zeros((rows, len(self._movable)), np.float32)
        if self._norm == "inf":
            noise[:, self._movable] = self._rng.integers(0, 2, shape) * 2 - 1
        else:
            normal = self._rng.standard_normal(shape)
            noise[:, self._movable] = normal / np.linalg.norm(normal, axis=1, keepdims=True)
        return noise


def run(batch: Batch, context: AttackContext) -> Iterator[AttackResult]:
    """Move each row along its random direction."""
    return one_step(batch, context.noise, context.epsilons)
