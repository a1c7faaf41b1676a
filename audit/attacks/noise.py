"""The control: perturbations of the same size that know nothing of the model."""

from __future__ import annotations

import numpy as np

from audit.attacks.space import Norm, Space


def directions(rows: int, space: Space, norm: Norm, seed: int) -> np.ndarray:
    """Draw one perturbation of size 1 a row, float32 ``(rows, columns)`` in units of the scale.

    Uniform over the corners of the ball (norm inf) or over its sphere (norm 2), in the movable columns.
    The same seed gives a row the same direction, whatever comes after it.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    shape = rows, int(space.movable.sum())
    drawn = np.zeros((rows, len(space.movable)), np.float32)
    if norm == "inf":
        drawn[:, space.movable] = rng.integers(0, 2, shape) * 2 - 1
    else:
        normal = rng.standard_normal(shape)
        drawn[:, space.movable] = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    return drawn
