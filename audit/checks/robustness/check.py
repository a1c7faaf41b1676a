"""How decisions change under small changes of the numbers: cleverhans' FGSM and PGD, with noise as a control."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from audit.check import Check, Skip
from audit.checks.robustness.facts import DEFINITIONS
from audit.errors import AuditError, some
from audit.result import Evidence, MetricFacts, Note
from audit.subject import Subject

if TYPE_CHECKING:
    from audit.attacks import Space

Attack = Literal["noise", "fgsm", "pgd"]
Size = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _norm(value: Any) -> Any:
    """Accept the number 2 and YAML's infinity as well."""
    return {2: "2", float("inf"): "inf"}.get(value, value) if isinstance(value, int | float) else value


class Robustness(Check):
    """Moves the numeric columns of every row against the model's own decision, by up to eps standard deviations."""

    summary: ClassVar[str] = "How decisions change under small changes of the numbers, by cleverhans"
    metrics: ClassVar[dict[str, MetricFacts]] = DEFINITIONS

    attacks: Annotated[list[Attack], Field(min_length=1)] = Field(
        default=["noise", "fgsm", "pgd"], description="noise is the control: random changes of the same size"
    )
    norm: Annotated[Literal["inf", "2"], BeforeValidator(_norm)] = Field(
        default="inf", description="inf: each column moves by up to eps; 2: all together"
    )
    eps: Annotated[list[Size], Field(min_length=1)] = Field(
        default=[0.05, 0.1, 0.2], description="sizes, in standard deviations of each column in the background"
    )
    steps: Annotated[int, Field(ge=1)] = Field(default=20, description="steps of PGD")
    immutable: list[str] = Field(
        default=[], description="columns that must not move; `*` stands for any letters"
    )
    integer: list[str] = Field(default=[], description="columns that move in whole numbers")

    def measure(self, subject: Subject) -> Iterator[Evidence]:
        """Yield accuracy and flips under each attack, for all rows and by group, and what was moved.

        Raises:
            Skip: no column may move, or the model has no gradient there, or no scores for rows as attacked.
            AuditError: an option names a column that the model does not read.
        """
        from audit.checks.robustness.attacked import decided
        from audit.checks.robustness.movable import movable

        if not decided(subject.decider):
            raise Skip(
                "a regression needs data.favorable: {at_least: NUMBER} to have decisions that can flip"
            )
        space, reasons = movable(subject, self.immutable, self.integer, max(self.eps))
        if not space.movable.any():
            raise Skip(f"no numeric column may move: {_told(reasons)}")
        try:
            yield from self._attack(subject, space, reasons)
        except AuditError as error:  # the data is sound: it was scored before
            raise Skip(
                f"the model fails on attacked rows: {error.found} (rows as attacks moved them, not as in the data)"
            ) from None

    def _attack(self, subject: Subject, space: Space, reasons: Mapping[str, str]) -> Iterator[Evidence]:
        from audit.checks.robustness.attacked import run
        from audit.checks.robustness.columns import columns
        from audit.checks.robustness.flips import flips
        from audit.checks.robustness.outside import outside
        from audit.checks.robustness.shares import measurements
        from audit.checks.robustness.truthful import truthful
        from audit.checks.robustness.whole import too_small

        attacked = run(subject, space, self.attacks, self.eps, self.norm, self.steps)
        if not subject.logits.exact:
            yield Note(text=f"The attacks follow logits that were {subject.logits.evidence}.")
        if len(attacked.rows) < subject.rows:
            yield Note(
                text=f"{len(attacked.rows):,} of {subject.rows:,} rows were attacked, drawn at random."
            )
        if attacked.zero_gradient:  # an attack followed a gradient
            yield from truthful(attacked)
        yield from outside(attacked, subject)
        yield from too_small(attacked, subject, self.eps)
        yield from measurements(attacked, subject)
        yield columns(attacked, subject, reasons)
        if subject.policy.report.rows != "none":
            yield flips(attacked, subject)


def _told(reasons: Mapping[str, str]) -> str:
    """Return the reasons with the columns that each holds for."""
    held = {reason: [name for name, why in reasons.items() if why == reason] for reason in reasons.values()}
    return "; ".join(f"{reason}: {some(names)}" for reason, names in held.items())
