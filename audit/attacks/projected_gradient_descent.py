"""Projected gradient descent (PGD) on a batch of rows, from the rows themselves or from given points of their balls."""

from collections.abc import Iterator

import numpy as np

from audit.attacks.batch import AttackResult, Batch, for_each_eps
from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.spec import AttackContext

_STEPS_BETWEEN_CHECKS = 5  # a check which rows are finished costs about as much as a step


def run(batch: Batch, context: AttackContext) -> Iterator[AttackResult]:
    """Attack by PGD without a random start (Madry et al. 2018; Kurakin et al. 2016) at each size, rising.

    A step is 2.5 eps / steps long, as Madry's: the edge of the ball is reached from anywhere, and there are steps
    left to move along it.
    """
    ascent = context.ascent
    steps = context.plan.steps
    return for_each_eps(
        batch, context.epsilons, lambda rows, eps: climb(batch.take(rows), ascent, eps, steps)
    )


def climb(
    batch: Batch, ascent: GradientAscent, eps: float, steps: int, start: np.ndarray | None = None
) -> AttackResult:
    """Climb until the row has flipped, no longer moves, or all steps are made.

    Args:
        batch: the rows.
        ascent: the gradient to follow.
        eps: radius of the ball.
        steps: greatest number of steps.
        start: first point, float32 ``(rows, columns)`` in units of the scale; the row itself for None.
    """
    bounds = batch.bounds()
    step_length = min(eps, 2.5 * eps / steps)
    eta = np.zeros(batch.x.shape, np.float32) if start is None else start.copy()
    active = np.arange(len(batch.x))
    adversarial = batch.x.copy()
    flipped = np.zeros(len(batch.x), bool)

    def evaluate(index: np.ndarray) -> None:
        adversarial[index], flipped[index] = batch.take(index).perturb(eta[index], eps)

    for done in range(0, steps, _STEPS_BETWEEN_CHECKS):
        if not len(active):
            break
        some_steps = min(_STEPS_BETWEEN_CHECKS, steps - done)
        climbed = ascent.climb(
            batch.x[active],
            batch.classes[active],
            eta[active],
            bounds.take(active),
            eps,
            step_length,
            some_steps,
        )
        eta[active] = climbed.eta
        evaluate(active[climbed.crossed])
        active = active[climbed.moving & ~flipped[active]]
    evaluate(np.flatnonzero(~flipped))
    return AttackResult(adversarial, flipped)
