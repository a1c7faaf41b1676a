"""The record of an attack: how it runs, what it follows, who requests it, and what its outcome proves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # the page reads the records without numpy
    import numpy as np

    from audit.attacks.batch import AttackResult, Batch
    from audit.attacks.gradient_ascent import GradientAscent
    from audit.attacks.row_rng import Draws


@dataclass(frozen=True)
class Plan:
    """Attacks to run and their parameters.

    Attributes:
        attacks: names in `ATTACKS`, each once; outcomes are in this order.
        eps: sizes >= 0, in units of `ThreatModel.scale`: the radius of the ball.
        seed: seed of all random draws.
        steps: number of PGD steps.
        queries: greatest number of scores of a row that a search by scores asks for at each size.
        categories: number of the categories of all choices that may change; each of them is tried.
    """

    attacks: Sequence[str]
    eps: Sequence[float]
    seed: int
    steps: int = 20
    queries: int = 500
    categories: int = 0


@dataclass(frozen=True)
class AttackContext:
    """Inputs of an attack on one batch, besides its rows.

    Attributes:
        plan: sizes, seed and budgets.
        draws: the rows' own streams of random numbers.
        noise: a random direction of length 1 for each row, whatever the batches, ``(rows, columns)``.
        source: the gradient to follow; None if there is none.
        uphill: the steepest direction of the model's own gradient, ``(rows, columns)``; None without that gradient.
    """

    plan: Plan
    draws: Draws
    noise: np.ndarray
    source: GradientAscent | None
    uphill: np.ndarray | None

    @property
    def epsilons(self) -> list[float]:
        """The sizes, rising."""
        return sorted(self.plan.eps)

    @property
    def ascent(self) -> GradientAscent:
        """The gradient to follow.

        Raises:
            ValueError: there is none; a fault of the caller.
        """
        if self.source is None:
            raise ValueError("an attack that follows a gradient was run without one")
        return self.source


AttackFunction = Callable[["Batch", AttackContext], Iterator["AttackResult"]]
"""Yields the result of an attack on a batch for each size, rising."""


@dataclass(frozen=True)
class AttackSpec:
    """One attack; `ATTACKS` in `audit/attacks/table.py` holds all of them.

    Attributes:
        name: its name in policies and reports.
        label: its name in sentences.
        follows: its guide; None for the control, which knows nothing of the model.
        run: the attack.
        on_request: whether a policy may request it. If not, it counts in ``worst`` only: rows that it does not flip
            are no sign of robustness.
        escalates: whether the check runs it unasked if the evidence is in doubt.
        gradient: the gradient that it follows, if any: the model's ``own``, the surrogate that bears its ``name``, or
            the first of all surrogates (``any``).
        on_images: whether the check runs it unasked on images, which have very many values.
        proven_by: the kind of evidence that shows that it would have found flips; None if its accuracy is always an
            upper bound.
        stronger_than: name of an attack that must not flip more than this one.
        evaluations: greatest number of evaluations of the model for a row and a size, by the plan; a gradient counts
            `GRADIENT_COST`.
        along_boundary: whether it moves along the decision boundary.
        description: its description in notes, if the check runs it unasked; `label` if empty.
        mark: its mark and colour in the chart of the page.
    """

    name: str
    label: str
    follows: Literal["gradient", "scores", "decisions"] | None
    run: AttackFunction
    on_request: bool = True
    escalates: bool = False
    gradient: Literal["own", "name", "any"] = "own"
    on_images: bool = True
    proven_by: Literal["gradient", "search"] | None = None
    stronger_than: str | None = None
    evaluations: Callable[[Plan], int] = lambda _: 1
    along_boundary: bool = False
    description: str = ""
    mark: str = "other"

    @property
    def is_control(self) -> bool:
        """Whether it looks for no flips."""
        return self.follows is None

    @property
    def follows_own_gradient(self) -> bool:
        """Whether it follows the model's own gradient."""
        return self.follows == "gradient" and self.gradient == "own"


def late(path: str) -> AttackFunction:
    """Return the attack at ``module:function``, imported when it runs: the table is read without numpy."""
    return lambda batch, context: resolve_name(path)(batch, context)
