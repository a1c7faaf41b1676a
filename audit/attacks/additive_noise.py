"""The control: random perturbations of the same size, independent of the model."""

from collections.abc import Iterator

import numpy as np
from scipy.special import ndtri

from audit.attacks.batch import AttackResult, Batch, one_step
from audit.attacks.row_rng import Draws
from audit.attacks.spec import AttackContext
from audit.attacks.threat_model import Norm, ThreatModel

_FIRST_DRAW = 2**62
"""Position in a row's stream that no other attack gets to."""


def directions(threat_model: ThreatModel, norm: Norm, draws: Draws) -> np.ndarray:
    """Return a random perturbation of size 1 for each row, float32 ``(rows, columns)`` in units of the scale.

    Uniform over the corners of the ball (norm inf) or over its sphere (norm 2), in the movable columns.
    """
    uniform = draws.uniform(_FIRST_DRAW, int(threat_model.movable.sum()))
    noise = np.zeros((len(uniform), len(threat_model.movable)), np.float32)
    if norm == "inf":
        noise[:, threat_model.movable] = np.where(uniform < 0.5, -1, 1)
    else:
        normal = ndtri(np.maximum(uniform, 2.0**-54))
        noise[:, threat_model.movable] = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    return noise


def run(batch: Batch, context: AttackContext) -> Iterator[AttackResult]:
    """Move each row along its random direction."""
    return one_step(batch, context.noise, context.epsilons)
