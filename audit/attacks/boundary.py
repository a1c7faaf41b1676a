"""Decision-boundary attacks (after FAB, Croce and Hein 2020): bisect to the boundary, take its normal, step across.

A head may scale its logits by a function of the row. Away from the boundary the gradient follows that scale; on the
boundary the logits are zero, and so is the scale's part in it.
"""

from collections.abc import Callable, Iterator

import numpy as np

from audit.attacks.batch import AttackResult, Batch, for_each_eps
from audit.attacks.minimal_perturbation import nearest_to_start
from audit.attacks.row_rng import Draws
from audit.attacks.spec import AttackContext
from audit.errors import AuditError, MachineFault

BoundaryDirection = Callable[[Batch, np.ndarray, int], np.ndarray]
"""From rows, a point of the boundary for each, ``(rows, columns)``, and the number of the round to the steps of length
1, in units of the scale, that cross the boundary there."""

_ROUNDS = 4
_OBSERVED_ROWS_TRIED = 16
"""Observed rows whose values are tried for another decision."""
_STEP_LENGTHS = (0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 20, 40)
"""Parts of eps: distances along the direction at which the next point of the boundary is looked for."""


def boundary_attack(
    batch: Batch, direction: BoundaryDirection, context: AttackContext
) -> Iterator[AttackResult]:
    """Yield the result at each size, rising, of walks along the decision boundary.

    A row is attacked if one of the points in `Batch.observed` has another class; other rows stay as they are. The walk
    bisects the straight line from the row to that point down to the decision boundary, estimates the normal of the
    boundary there, and steps from the row along it to the edge of the ball. Of four rounds, each begins at the first
    point along the last step that has another class (after Croce and Hein, "Minimally distorted adversarial examples
    with a fast adaptive boundary attack", 2020).
    """
    flipped_points = _flipped_points(batch, context.draws)
    has_point = (flipped_points != batch.x).any(1)

    def one_size(rows: np.ndarray, eps: float) -> AttackResult:
        adversarial = batch.x[rows]
        flipped = np.zeros(len(rows), bool)
        index = np.flatnonzero(has_point[rows])
        if eps and len(index):
            started = rows[index]
            result = _walk(batch.take(started), flipped_points[started], direction, eps)
            adversarial[index], flipped[index] = result
        return AttackResult(adversarial, flipped)

    return for_each_eps(batch, context.epsilons, one_size)


def run(batch: Batch, context: AttackContext) -> Iterator[AttackResult]:
    """Attack along the gradient at the boundary."""
    ascent = context.ascent
    return boundary_attack(batch, lambda rows, points, _: ascent.direction(points, rows.classes), context)


def _walk(batch: Batch, points: np.ndarray, direction: BoundaryDirection, eps: float) -> AttackResult:
    adversarial = batch.x.copy()
    flipped = np.zeros(len(points), bool)
    points = points.copy()
    for turn in range(_ROUNDS):
        left = np.flatnonzero(~flipped)
        if not len(left):
            break
        unflipped = batch.take(left)
        points[left] = nearest_to_start(unflipped, points[left])
        step = eps * direction(unflipped, points[left], turn).astype(np.float64)
        adversarial[left], flipped[left] = unflipped.perturb(step, eps)
        points[left] = _next_points(unflipped, points[left], step)
    return AttackResult(adversarial, flipped)


def _next_points(batch: Batch, points: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Return the first flipped point along the step from each row, or else its point so far."""
    points = points.copy()
    left = np.arange(len(points))
    for length in _STEP_LENGTHS:
        rows = batch.take(left)
        candidates = _shifted(rows, length * step[left])
        flipped = rows.flips(candidates)
        points[left[flipped]] = candidates[flipped]
        left = left[~flipped]
        if not len(left):
            break
    return points


def _shifted(batch: Batch, eta: np.ndarray) -> np.ndarray:
    """Return the rows shifted within the observed range, however far; integer columns stay whole."""
    threat_model = batch.threat_model
    free = threat_model.free(batch.x)
    x = np.where(free, batch.x, 0)
    shifted = np.clip(x + eta * threat_model.scale, *threat_model.range_of(x))
    shifted = np.where(threat_model.integer, np.rint(shifted), shifted).astype(batch.x.dtype)
    return np.where(free, shifted, batch.x)


def _flipped_points(batch: Batch, draws: Draws) -> np.ndarray:
    """Return each row with values of an observed one that flip it; the row itself if none of those tried does."""
    points = batch.x.copy()
    left = np.arange(len(points))
    if batch.observed is None or not len(batch.observed):
        return points
    choices = (draws.uniform(0, _OBSERVED_ROWS_TRIED) * len(batch.observed)).astype(int)
    for choice in choices.T:
        rows = batch.take(left)
        values = batch.observed[choice[left]]
        free = batch.threat_model.free(rows.x) & np.isfinite(values)
        candidates = np.where(free, values, rows.x).astype(points.dtype)
        try:
            flipped = rows.flips(candidates)
        except MachineFault:
            raise
        except AuditError:  # no scores for such rows: nothing begins there
            continue
        points[left[flipped]] = candidates[flipped]
        left = left[~flipped]
        if not len(left):
            break
    return points
