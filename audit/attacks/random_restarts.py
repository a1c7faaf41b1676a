"""PGD with random restarts, along gradients that the model's own does not give."""

from collections.abc import Iterator

import numpy as np

from audit.attacks.batch import AttackResult, Batch, for_each_eps
from audit.attacks.projected_gradient_descent import climb
from audit.attacks.row_rng import Draws
from audit.attacks.spec import AttackContext

STARTS = 5
_STEPS_FACTOR = 2
"""Multiple of the steps of plain PGD, which did not flip what asks for restarts."""


def run(batch: Batch, context: AttackContext) -> Iterator[AttackResult]:
    """Attack at each size, rising, from the row and from `STARTS` random points of its ball."""
    steps = _STEPS_FACTOR * context.plan.steps

    def one_size(rows: np.ndarray, eps: float) -> AttackResult:
        adversarial, flipped = climb(batch.take(rows), context.ascent, eps, steps)
        for restart in range(STARTS if eps else 0):
            left = np.flatnonzero(~flipped)
            if not len(left):
                break
            unflipped = batch.take(rows[left])
            start = _start(unflipped, context.draws.take(rows[left]), restart, eps)
            adversarial[left], flipped[left] = climb(unflipped, context.ascent, eps, steps, start)
        return AttackResult(adversarial, flipped)

    return for_each_eps(batch, context.epsilons, one_size)


def _start(batch: Batch, draws: Draws, restart: int, eps: float) -> np.ndarray:
    """Return a random point of each row's ball, float32 ``(rows, columns)`` in units of the scale."""
    movable = np.flatnonzero(batch.threat_model.movable)
    point = np.zeros(batch.x.shape, np.float32)
    point[:, movable] = 2 * draws.uniform(restart * len(movable), len(movable)) - 1
    if batch.norm == "2":
        point /= np.maximum(np.linalg.norm(point, axis=1, keepdims=True), 1)
    return np.asarray(np.clip(np.float32(eps) * point, *batch.bounds()))
