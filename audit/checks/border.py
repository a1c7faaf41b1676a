"""Where decisions change, on the scale of the scores."""

from __future__ import annotations

from audit.decider import Decider


def border(decider: Decider) -> float | None:
    """Return the P(favourable), or the prediction of a regression, at which the outcome becomes favourable.

    None for a regression without a favourable outcome. Several classes are decided by the largest, so that there is
    no such number: 0.5, beyond which the favourable ones have more than all others, stands for it.
    """
    if decider.head.kind == "regression":
        return decider.at_least
    return decider.threshold if decider.head.width <= 2 else 0.5
