"""Notes on attacks that are not those requested, on fewer rows, or on columns that they cannot move."""

from collections.abc import Iterator, Sequence

import numpy as np

from audit.attacks import ATTACKS, Plan
from audit.attacks.table import evaluations
from audit.checks.robustness.attacked_rows import AttackedRows
from audit.checks.robustness.budget import Budget
from audit.checks.robustness.gradient_probe import GradientProbe
from audit.checks.robustness.threat_model import is_still, stuck_columns
from audit.errors import quote_list
from audit.model.graph.multiply_adds import short_number
from audit.result import Note, Scalar
from audit.subject.subject import Subject

MAX_BLACK_BOX_ROWS = 1000
"""Rows that an attack by scores gets, so that it ends in seconds however small the model."""
_MAX_OUTSIDE_SHARE = 0.05


def notes_on_rows(attacked: int, subject: Subject, plan: Plan, budget: Budget) -> Iterator[Note]:
    """Yield what the attacks may cost, and how many of all rows were attacked, if not all, and why no more."""
    number = evaluations(plan)
    yield Note(
        text=f"The attacks take up to {number:,} model evaluations for each attacked row, of {budget.of_row:,} "
        f"multiply-adds each, counted from the graph: at most {short_number(attacked * number * budget.of_row)} in "
        f"all. They may use half of the budget of {short_number(budget.multiply_adds)}."
    )
    if attacked < subject.rows:
        infinite = subject.features.infinite
        finite = f" from those without an infinite value (left out: {infinite:,})" if infinite else ""
        reason = _reason(attacked, subject, plan)
        yield Note(
            text=f"{attacked:,} of {subject.rows:,} rows were attacked, drawn at random{finite}{reason}."
        )


def _reason(attacked: int, subject: Subject, plan: Plan) -> str:
    """Return why not all sampled rows were attacked."""
    if attacked == len(subject.features.data.matrix):
        return ""
    if attacked == MAX_BLACK_BOX_ROWS and any(ATTACKS[name].follows == "scores" for name in plan.attacks):
        return f": the black-box attack uses up to {plan.queries:,} model queries for each row and size"
    return "; a greater checks.robustness.budget attacks more"


def notes_on_gradients(probe: GradientProbe) -> Iterator[Note]:
    """Yield whether the attacks by gradient ran, and why not."""
    about: dict[str, list[Scalar]] = {"attack": [s.name for s in ATTACKS.values() if s.follows_own_gradient]}
    if probe.uncut:
        yield Note(
            text="fgsm and pgd follow the gradient of the whole signature, with log-odds computed from its "
            f"scores, since below the head of the graph {probe.uncut}.",
            about=about,
        )
    if probe.missing:
        yield Note(
            text=f"fgsm and pgd did not run, since {probe.missing}: an attack along a gradient would find nothing and "
            "prove nothing. The black-box attack square, which needs only scores, ran instead, and worst includes it.",
            about=about,
        )
    elif probe.misleading:
        yield Note(
            text=f"fgsm and pgd ran for worst only, since {probe.misleading}: the decisions that they flip "
            "count there, but decisions that they do not flip would prove nothing. The black-box attack square, which "
            "needs only scores, ran in addition; worst includes all of them.",
            about=about,
        )
    elif probe.doubt:
        yield Note(
            text=f"Gradients miss part of the model: {probe.doubt}. So the black-box attack square ran in addition "
            "to fgsm and pgd; worst includes all of them."
        )


def notes_on_range(attacked: AttackedRows, subject: Subject) -> Iterator[Note]:
    """Yield a note if many rows are outside the background's range in some column that may move."""
    x = attacked.batch.x
    space = attacked.batch.threat_model
    if space.shape:  # an image's range is not the one observed, and its values are inside
        return
    shares = (((x < space.low) | (x > space.high)) & space.free(x)).mean(0)
    worst = int(np.argmax(shares))
    if shares[worst] > _MAX_OUTSIDE_SHARE:
        yield Note(
            text=f"{shares[worst]:.0%} of the attacked rows lie outside the background's range in "
            f"{subject.features.columns[worst].name!r}: is the background in the data's units?"
        )


def notes_on_small_eps(attacked: AttackedRows, subject: Subject, epsilons: Sequence[float]) -> Iterator[Note]:
    """Yield a note for each size at which some integer column cannot move that can at a larger one.

    Where nothing else moves either, a warning says so.
    """
    columns = subject.features.columns
    space = attacked.batch.threat_model
    owners = np.repeat(np.arange(len(columns)), [column.width for column in columns])
    for eps in sorted(set(epsilons) - {0.0}):
        stuck = stuck_columns(attacked.batch.x, space, eps)
        names = [columns[owner].name for owner in np.unique(owners[stuck])]
        if names:
            yield Note(
                text=f"At eps {eps:g}, {quote_list(names)} cannot reach the next whole number: no change."
            )
        if is_still(attacked.batch.x, space, eps):
            yield Note(
                text=f"At eps {eps:g} nothing can change, so that accuracy under attack is the clean accuracy there: "
                "an upper bound, on which no rule passes.",
                warning=True,
            )
