"""How decisions change under small changes: by cleverhans' FGSM and PGD, or a black box, with noise as a control."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from audit.check import Check, Skip
from audit.checks.robustness.definitions import DEFINITIONS
from audit.errors import AuditError, quote_list
from audit.inputs.features import MOST_ROWS
from audit.result import MetricFacts, Note
from audit.stats.influence import TracedEvidence
from audit.subject.subject import Subject

if TYPE_CHECKING:
    from audit.attacks import ThreatModel

Attack = Literal["noise", "fgsm", "pgd", "square"]
Size = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Corruption = Literal["gaussian_noise", "gaussian_blur", "contrast", "brightness"]
Severity = Annotated[int, Field(ge=1, le=5)]


def _norm(value: Any) -> Any:
    """Accept the number 2 and YAML's infinity as well."""
    return {2: "2", float("inf"): "inf"}.get(value, value) if isinstance(value, int | float) else value


class Robustness(Check):
    """Moves the numeric columns of every row against the model's own decision, by up to eps standard deviations."""

    summary: ClassVar[str] = "How decisions change under small changes of the numbers, by cleverhans"
    metrics: ClassVar[dict[str, MetricFacts]] = DEFINITIONS

    rows: Annotated[int, Field(ge=1)] = Field(
        default=MOST_ROWS,
        description="rows of the data that are attacked, corrupted or misspelt, drawn at random; costly attacks take "
        "fewer, and a note says so",
    )
    attacks: Annotated[list[Attack], Field(min_length=1)] = Field(
        default=["noise", "fgsm", "pgd"],
        description="noise is the control: random changes of the same size; square needs no gradient, and takes "
        "the place of fgsm and pgd where there is none",
    )
    norm: Annotated[Literal["inf", "2"], BeforeValidator(_norm)] = Field(
        default="inf", description="inf: each column moves by up to eps; 2: all together"
    )
    eps: Annotated[list[Size], Field(min_length=1)] = Field(
        default=[0.05, 0.1, 0.2],
        description="sizes, in standard deviations of each column in the background, or parts of a picture's range",
    )
    steps: Annotated[int, Field(ge=1)] = Field(default=20, description="steps of PGD")
    queries: Annotated[int, Field(ge=1)] = Field(
        default=500, description="scores of a row that square asks for at each size, at most"
    )
    immutable: list[str] = Field(
        default=[], description="columns that must not move; `*` stands for any letters"
    )
    integer: list[str] = Field(default=[], description="columns that move in whole numbers")
    corruptions: list[Corruption] = Field(
        default=["gaussian_noise", "gaussian_blur", "contrast", "brightness"],
        description="common corruptions of pictures; none for tables",
    )
    severities: Annotated[list[Severity], Field(min_length=1)] = Field(
        default=[1, 3, 5], description="of the corruptions, from 1 to 5"
    )

    def measure(self, subject: Subject) -> Iterator[TracedEvidence]:
        """Yield what each family of changes does to the decisions; one that does not apply is left out with a note.

        Raises:
            Skip: none applies.
            AuditError: an option names a column that the model does not read.
        """
        from audit.model.text_columns import prose_columns

        subject = subject.sampled(self.rows)
        families: dict[str, Callable[[Subject], Iterator[TracedEvidence]]] = {
            f"Accuracy under attack ({', '.join([*self.attacks, 'worst'])}; norm {self.norm})": self._attacks
        }
        if self.corruptions and subject.pictures:
            families["Accuracy under common corruptions"] = self._corruptions
        prose = prose_columns(subject.model, subject.feeds)
        if names := [name for name in prose if not any(fnmatchcase(name, held) for held in self.immutable)]:
            families["Accuracy under typos"] = partial(self._typos, names)
        skipped: dict[str, str] = {}
        for name, family in families.items():
            try:
                found = list(family(subject))  # whole or not at all
            except Skip as skip:
                skipped[name] = str(skip)
            else:
                yield from found
        if len(skipped) == len(families):
            raise Skip("; ".join(skipped.values()))
        yield from (Note(text=f"{name} was not measured: {reason}.") for name, reason in skipped.items())

    def _attacks(self, subject: Subject) -> Iterator[TracedEvidence]:
        """Yield accuracy and flips under each attack, for all rows and by group, and what was moved.

        Raises:
            Skip: no column may move, or there are no decisions, or no scores for rows as attacked.
        """
        from audit.checks.robustness.attacked_rows import decided
        from audit.checks.robustness.threat_model import movable

        if not decided(subject.decider):
            raise Skip(
                "a regression needs data.favorable: {at_least: NUMBER} to have decisions that can flip"
            )
        space, reasons = movable(subject, self.immutable, self.integer, max(self.eps))
        if not space.movable.any():
            raise Skip(f"no numeric column may move: {_told(reasons)}")
        try:
            yield from self._attacked(subject, space, reasons)
        except AuditError as error:  # the data is sound: it was scored before
            raise Skip(
                f"the model fails on attacked rows: {error.found} (rows as attacks moved them, not as in the data)"
            ) from None

    def _corruptions(self, subject: Subject) -> Iterator[TracedEvidence]:
        """Yield accuracy under each corruption.

        Raises:
            Skip: there are no decisions, or no scores for pictures as corrupted.
        """
        from audit.checks.robustness.attacked_rows import decided
        from audit.checks.robustness.corruptions import corrupted

        if not decided(subject.decider):
            raise Skip("a regression needs data.favorable: {at_least: NUMBER} to have decisions")
        assert subject.pictures is not None  # asked before
        try:  # all or none: a family that is said not to be measured has no measurements
            found = list(corrupted(subject, subject.pictures, self.corruptions, self.severities))
        except AuditError as error:
            raise Skip(f"the model fails on corrupted pictures: {error.found}") from None
        yield from found

    def _typos(self, names: Sequence[str], subject: Subject) -> Iterator[TracedEvidence]:
        from audit.checks.robustness.attacked_rows import decided
        from audit.checks.robustness.threat_model import movable
        from audit.checks.robustness.typos import typos
        from audit.checks.robustness.unmeasured_typos import unmeasured

        if not decided(subject.decider):
            raise Skip("a regression needs data.favorable: {at_least: NUMBER} to have decisions")
        space, _ = movable(subject, self.immutable, self.integer, max(self.eps))
        alone = not space.movable.any()
        try:
            found = list(typos(subject, names, self.eps, alone=alone))
        except AuditError as error:
            why = f"the model fails on misspelt texts: {error.found}"
            if alone:
                raise Skip(why) from None
            found = list(unmeasured(subject, self.eps, why))
        yield from found

    def _attacked(
        self, subject: Subject, space: ThreatModel, reasons: Mapping[str, str]
    ) -> Iterator[TracedEvidence]:
        from audit.attacks import Plan
        from audit.checks.robustness.column_table import columns
        from audit.checks.robustness.escalation import run
        from audit.checks.robustness.flipped_rows import flips
        from audit.checks.robustness.integer_columns import too_small
        from audit.checks.robustness.metrics import measurements
        from audit.checks.robustness.notes import outside
        from audit.checks.robustness.validity_table import validity

        plan = Plan(self.attacks, self.eps, subject.seed, self.steps, self.queries)
        attacked = run(subject, space, self.norm, plan)
        if attacked.zero_gradient and not subject.logits.exact:  # an attack followed a gradient
            yield Note(text=f"The attacks follow logits that were {subject.logits.evidence}.")
        yield from (Note(text=text) for text in attacked.notes)
        yield from outside(attacked, subject)
        yield from too_small(attacked, subject, self.eps)
        yield from measurements(attacked, subject)
        yield from validity(attacked)
        if space.shape:  # a picture has too many numbers to be told one by one
            return
        yield columns(attacked, subject, reasons)
        if subject.policy.report.rows != "none":
            yield flips(attacked, subject)


def _told(reasons: Mapping[str, str]) -> str:
    """Return the reasons with the columns that each holds for."""
    held = {reason: [name for name, why in reasons.items() if why == reason] for reason in reasons.values()}
    return "; ".join(f"{reason}: {quote_list(names)}" for reason, names in held.items())
