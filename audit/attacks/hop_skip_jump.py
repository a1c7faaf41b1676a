"""The boundary attack by decisions alone: no scores and no gradient, so that no mask of these hides the boundary."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from audit.attacks.batch import AttackResult, Batch
from audit.attacks.boundary import boundary_attack
from audit.attacks.spec import AttackContext

_QUERIES_PER_ROUND = 100
"""Points near the boundary that are classified in each of the four rounds, for each row."""
_DISTANCES = (0.09, 0.045)
"""Their distance in every column, as a part of the row's distance from the boundary: first round, later rounds."""
_MAX_VALUES = 2**19  # at a time, which bounds the memory


def run(batch: Batch, context: AttackContext) -> Iterator[AttackResult]:
    """Attack along the direction that decisions around the boundary give."""
    return boundary_attack(batch, partial(_direction, seed=context.plan.seed), context)


def _direction(batch: Batch, points: np.ndarray, turn: int, seed: int) -> np.ndarray:
    """Return the direction across the boundary as HopSkipJump estimates it (Chen, Jordan and Wainwright, 2020).

    It is the mean of random signs: each counts with the decision at the boundary's point moved by them, less the mean
    of all decisions. All rows get the same signs, so that their directions do not depend on the batch.
    """
    signs = np.random.default_rng([seed, turn]).choice([-1.0, 1.0], (_QUERIES_PER_ROUND, points.shape[1]))
    signs *= batch.threat_model.movable
    votes = _votes(batch, points, signs, _DISTANCES[min(turn, 1)])
    normal = (votes - votes.mean(1, keepdims=True)) @ signs
    if batch.norm == "inf":
        return np.asarray(np.sign(normal))
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    return np.asarray(normal / np.where(length > 0, length, 1))


def _votes(batch: Batch, points: np.ndarray, signs: np.ndarray, distance: float) -> np.ndarray:
    """Return 1 where a point near the boundary is flipped, and 0 elsewhere, ``(rows, signs)``."""
    threat_model = batch.threat_model
    free = threat_model.free(batch.x)
    change = np.where(free, np.where(free, points, 0).astype(np.float64) - np.where(free, batch.x, 0), 0)
    step = distance * np.abs(change / threat_model.scale).max(1)[:, None, None] * threat_model.scale
    step = np.where(threat_model.integer, np.maximum(1, np.rint(step)), step)
    per_call = max(1, _MAX_VALUES // points.size)
    votes = np.zeros((len(points), len(signs)))
    for first in range(0, len(signs), per_call):
        part = signs[first : first + per_call]
        near = np.where(free[:, None], points[:, None] + step * part, points[:, None]).astype(points.dtype)
        classes = batch.classify(near.reshape(-1, points.shape[1])).reshape(len(points), len(part))
        votes[:, first : first + per_call] = classes != batch.classes[:, None]
    return votes
