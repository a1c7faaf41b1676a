"""What a reader has to know of attacks that are not those that were asked for, or on fewer rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.attacks import Plan
from audit.checks.robustness.attacked_rows import AttackedRows
from audit.checks.robustness.gradient_probe import Gradient
from audit.result import Note
from audit.subject.subject import Subject


def drawn(attacked: int, sampled: int, rows: int, plan: Plan) -> Iterator[str]:
    """Yield how many of all rows were attacked, if not all, and why no more."""
    if attacked == rows:
        return
    why = ""
    if attacked < sampled and "square" in plan.attacks:
        why = f": the black-box attack asks for up to {plan.queries:,} scores of a row at each size"
    elif attacked < sampled:
        why = f": pgd takes {plan.steps:,} gradients of a large model for each row and size"
    yield f"{attacked:,} of {rows:,} rows were attacked, drawn at random{why}."


def told(gradient: Gradient, plan: Plan) -> Iterator[str]:
    """Yield what became of the attacks by gradient, and why."""
    if gradient.missing:
        yield (
            f"fgsm and pgd did not run, since {gradient.missing}: an attack along a gradient would find nothing and "
            "prove nothing. The black-box attack square, which asks for scores only, ran in their place, and worst "
            "covers it."
        )
    elif gradient.misled:
        yield (
            f"fgsm and pgd ran for worst only, since {gradient.misled}: what they flip counts there, and that they do "
            "not flip more would prove nothing. The black-box attack square, which asks for scores only, ran beside "
            "them; worst covers them all."
        )
    elif gradient.doubt:
        yield (
            f"Gradients miss a part of the model: {gradient.doubt}. So the black-box attack square ran beside "
            "fgsm and pgd; worst covers them all."
        )


_MANY = 0.05


def outside(attacked: AttackedRows, subject: Subject) -> Iterator[Note]:
    """Yield a note where many rows lie outside the background's range in some column that may move."""
    x, space = attacked.matrix, attacked.space
    if space.shape:  # a picture's range is not the one observed, and its numbers lie inside
        return
    shares = (((x < space.low) | (x > space.high)) & space.free(x)).mean(0)
    worst = int(np.argmax(shares))
    if shares[worst] > _MANY:
        yield Note(
            text=f"{shares[worst]:.0%} of the attacked rows lie outside the background's range in "
            f"{subject.features.columns[worst].name!r}: is the background in the data's units?"
        )
