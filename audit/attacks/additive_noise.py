"""The control: perturbations of the same size that know nothing of the model."""

from __future__ import annotations

import numpy as np

from audit.attacks.threat_model import Norm, ThreatModel


class Noise:
    """Draws perturbations of size 1, row after row: the same seed gives a row the same one, whatever comes after it.

    Uniform over the corners of the ball (norm inf) or over its sphere (norm 2), in the movable columns.
    """

    def __init__(self, space: ThreatModel, norm: Norm, seed: int) -> None:
        self._space, self._norm = space, norm
        self._rng = np.random.Generator(np.random.Philox(seed))

    def draw(self, rows: int) -> np.ndarray:
        """Return those of the next rows, float32 ``(rows, columns)`` in units of the scale."""
        movable = self._space.movable
        shape = rows, int(movable.sum())
        drawn = np.zeros((rows, len(movable)), np.float32)
        if self._norm == "inf":
            drawn[:, movable] = self._rng.integers(0, 2, shape) * 2 - 1
        else:
            normal = self._rng.standard_normal(shape)
            drawn[:, movable] = normal / np.linalg.norm(normal, axis=1, keepdims=True)
        return drawn
