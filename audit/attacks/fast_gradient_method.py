"""The fast gradient method (Goodfellow et al. 2015): one step along the gradient."""

from collections.abc import Iterator

from audit.attacks.batch import AttackResult, Batch, one_step
from audit.attacks.spec import AttackContext


def run(batch: Batch, context: AttackContext) -> Iterator[AttackResult]:
    """Move each row along the model's own gradient, or the one given instead."""
    uphill = context.uphill
    if uphill is None:
        uphill = context.ascent.direction(batch.x, batch.classes)
    return one_step(batch, uphill, context.epsilons)
