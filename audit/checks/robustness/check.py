"""How decisions change under small changes: by cleverhans' FGSM and PGD, or a black box, with noise as a control."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticKnownError

from audit.attacks import ATTACKS, Plan
from audit.attacks.table import evaluations
from audit.attacks.threat_model import ThreatModel
from audit.check import Check, Skip
from audit.checks.robustness.budget import PERTURBING, Budget
from audit.checks.robustness.column_table import columns
from audit.checks.robustness.corruptions import corrupted
from audit.checks.robustness.definitions import DEFINITIONS, WHERE_KEYS
from audit.checks.robustness.encoded_choices import notes_on_encoded_columns
from audit.checks.robustness.escalation import run_attacks
from audit.checks.robustness.flipped_rows import flips
from audit.checks.robustness.metrics import measurements, undefined_worst
from audit.checks.robustness.notes import MAX_BLACK_BOX_ROWS, notes_on_range, notes_on_small_eps
from audit.checks.robustness.threat_model import AuditThreatModel, threat_model_of
from audit.checks.robustness.typos import TYPOS, typos
from audit.checks.robustness.validity_table import validity
from audit.errors import AuditError, MachineFault, quote_list
from audit.inputs.features import MOST_ROWS
from audit.model.text_columns import free_text_columns
from audit.perturbations import Corruption
from audit.policy.fields import is_default
from audit.result import MetricFacts, Note, Scalar
from audit.stats.influence import TracedEvidence
from audit.subject.preview import Preview
from audit.subject.sample_screen import sample_notes
from audit.subject.subject import Subject


def _on_request(name: Any) -> Any:
    """Accept an attack that a policy may request.

    Raises:
        PydanticKnownError: there is none of that name.
    """
    names = [repr(spec.name) for spec in ATTACKS.values() if spec.on_request]
    if repr(name) not in names:
        expected = f"{', '.join(names[:-1])} or {names[-1]}"
        raise PydanticKnownError("literal_error", {"expected": expected})
    return name


def _norm(value: Any) -> Any:
    """Accept the number 2 and YAML's infinity as well."""
    return {2: "2", float("inf"): "inf"}.get(value, value) if isinstance(value, int | float) else value


Attack = Annotated[str, BeforeValidator(_on_request)]
Eps = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Severity = Annotated[int, Field(ge=1, le=5)]


class _Family(NamedTuple):
    """Measurements of one kind of change, and the values of ``where`` that they have."""

    name: str
    about: dict[str, list[Scalar]]
    measure: Callable[[Subject], Iterator[TracedEvidence]]


class Robustness(Check):
    """Moves the numeric columns of every row against the model's own decision, by up to eps standard deviations."""

    summary: ClassVar[str] = (
        "How decisions change under small perturbations of the numeric features (attacks of cleverhans)"
    )
    metrics: ClassVar[dict[str, MetricFacts]] = DEFINITIONS
    where_keys: ClassVar[dict[str, tuple[str, ...]]] = WHERE_KEYS
    example: ClassVar[str] = (
        "{metric: robustness.adversarial_accuracy, where: {attack: worst, eps: 0.1}, at_least: 0.5}"
    )

    rows: Annotated[int, Field(ge=1)] = Field(
        default=MOST_ROWS,
        description="number of randomly drawn rows to attack, corrupt or misspell; costly attacks use "
        "fewer, and a note says so",
    )
    attacks: Annotated[list[Attack], Field(min_length=1)] = Field(
        default=["noise", "fgsm", "pgd"],
        description="noise is the control: random changes of the same size; square needs no gradient, and replaces "
        "fgsm and pgd if there is none",
    )
    norm: Annotated[Literal["inf", "2"], BeforeValidator(_norm)] = Field(
        default="inf",
        description="inf: each column changes by up to eps; 2: the Euclidean norm of all changes is at most eps",
    )
    eps: Annotated[list[Eps], Field(min_length=1)] = Field(
        default=[0.05, 0.1, 0.2],
        description="sizes, in background standard deviations of each column, or as fractions of the pixel range",
    )
    steps: Annotated[int, Field(ge=1)] = Field(default=20, description="number of PGD steps")
    queries: Annotated[int, Field(ge=1)] = Field(
        default=500, description="maximum number of model queries by square per row and size"
    )
    budget: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        default=3e12,
        description="multiply-adds, counted from the model's graph, that attacks, tests of these and other changes may "
        "take; where they do not suffice, fewer rows are attacked, and a note says so",
    )
    immutable: list[str] = Field(
        default=[], description="columns that must not be perturbed; `*` matches any characters"
    )
    integer: list[str] = Field(
        default=[],
        description="columns that change by whole numbers only, in addition to those of few values that are all whole",
    )
    move: list[str] = Field(
        default=[],
        exclude_if=is_default,
        description="0/1 columns that sum to one in every row are held still; the groups of the columns named here "
        "move, each as one choice",
    )
    corruptions: list[Corruption] = Field(
        default=["gaussian_noise", "gaussian_blur", "contrast", "brightness"],
        description="common corruptions of images; empty for tables",
    )
    severities: Annotated[list[Severity], Field(min_length=1)] = Field(
        default=[1, 3, 5], description="severities of the corruptions, from 1 to 5"
    )

    def planned_evaluations(self, preview: Preview) -> tuple[float, float]:
        """Return those of the requested attacks, and with all that run where these are in doubt, by the budget."""
        rows = min(self.rows, preview.sampled_rows)
        requested = Plan(self.attacks, self.eps, 0, self.steps, self.queries)
        escalated = replace(requested, attacks=list(ATTACKS))
        lowest = rows * evaluations(requested)
        highest = lowest + min(rows, MAX_BLACK_BOX_ROWS) * evaluations(escalated)
        affordable = self.budget / (preview.multiply_adds + PERTURBING * preview.features)
        return min(lowest, affordable), min(highest, affordable)

    def measure(self, subject: Subject) -> Iterator[TracedEvidence]:
        """Yield the effect of each family of changes on the decisions; one that does not apply gives a note.

        Raises:
            Skip: none applies.
            AuditError: an option names a column that the model does not read.
        """
        subject = subject.sampled(self.rows)
        families = list(self._families(subject))
        reasons: list[str] = []
        notes: list[Note] = []
        for family in families:
            try:
                evidence = list(family.measure(subject))  # whole or not at all
            except Skip as skip:
                reasons.append(str(skip))
                notes.append(Note(text=f"{family.name} was not measured: {skip}.", about=family.about))
            else:
                yield from evidence
        if len(reasons) == len(families):
            raise Skip("; ".join(reasons))
        yield from notes

    def _families(self, subject: Subject) -> Iterator[_Family]:
        attacks = [*self.attacks, "worst"]
        name = f"Accuracy under attack ({', '.join(attacks)}; norm {self.norm})"
        yield _Family(name, {"attack": [*attacks], "norm": [self.norm]}, self._attacks)
        if self.corruptions and subject.image_column:
            corruptions: dict[str, list[Scalar]] = {"corruption": [*self.corruptions]}
            yield _Family("Accuracy under common corruptions", corruptions, self._corruptions)
        prose = free_text_columns(subject.model, subject.feeds)
        if names := [name for name in prose if not any(fnmatchcase(name, fixed) for fixed in self.immutable)]:
            yield _Family("Accuracy under typos", TYPOS, partial(self._typos, names))

    def _attacks(self, subject: Subject) -> Iterator[TracedEvidence]:
        """Yield accuracy and flips under each attack, for all rows and by group, and what was moved.

        Raises:
            Skip: no column may move, or there are no decisions, or no scores for adversarial rows.
        """
        if not subject.decision_rule.has_decisions:
            raise Skip(
                "a regression needs data.favorable: {at_least: NUMBER} to have decisions that can flip"
            )
        threat_model, reasons = self._threat_model(subject)
        if threat_model.is_still:
            raise Skip(f"no numeric column may be perturbed: {_by_reason(reasons)}")
        try:
            yield from self._attacked(subject, threat_model, reasons)
        except MachineFault:
            raise
        except AuditError as error:  # the data is sound: it was scored before
            raise Skip(
                f"the model fails on attacked rows: {error.found} (on adversarial rows, not on rows of the data)"
            ) from None

    def _corruptions(self, subject: Subject) -> Iterator[TracedEvidence]:
        """Yield accuracy under each corruption.

        Raises:
            Skip: there are no decisions, or no scores for corrupted images.
        """
        if not subject.decision_rule.has_decisions:
            raise Skip("a regression needs data.favorable: {at_least: NUMBER} to have decisions")
        assert subject.image_column is not None  # asked before
        try:
            budget = self._budget(subject)
            yield from corrupted(subject, subject.image_column, self.corruptions, self.severities, budget)
        except MachineFault:
            raise
        except AuditError as error:
            raise Skip(f"the model fails on corrupted images: {error.found}") from None

    def _typos(self, names: Sequence[str], subject: Subject) -> Iterator[TracedEvidence]:
        if not subject.decision_rule.has_decisions:
            raise Skip("a regression needs data.favorable: {at_least: NUMBER} to have decisions")
        only_typos = self._threat_model(subject).threat_model.is_still
        try:
            budget = self._budget(subject)
            evidence = list(typos(subject, names, self.eps, budget, clean=only_typos))
        except MachineFault:
            raise
        except AuditError as error:
            reason = f"the model fails on misspelt texts: {error.found}"
            if only_typos:
                raise Skip(reason) from None
            note = f"Accuracy under typos was not measured: {reason}. So worst of norm words is undefined."
            evidence = [
                Note(text=note, about=TYPOS),
                *undefined_worst(self.eps, len(subject.features.data.index)),
            ]
        yield from evidence

    def _budget(self, subject: Subject) -> Budget:
        by_logits = any(ATTACKS[name].follows_own_gradient for name in self.attacks)
        return Budget.of(subject, self.budget, by_logits)

    def _threat_model(self, subject: Subject) -> AuditThreatModel:
        return threat_model_of(subject, self.immutable, self.integer, max(self.eps), self.move)

    def _attacked(
        self, subject: Subject, threat_model: ThreatModel, reasons: Mapping[str, str]
    ) -> Iterator[TracedEvidence]:
        plan = Plan(
            self.attacks, self.eps, subject.seed, self.steps, self.queries, int(threat_model.in_choice.sum())
        )
        attacked = run_attacks(subject, threat_model, self.norm, plan, self._budget(subject))
        if attacked.zero_gradient and not subject.logits.exact:  # an attack followed a gradient
            yield Note(text=f"The attacks follow logits that were {subject.logits.evidence}.")
        yield from attacked.notes
        yield from notes_on_encoded_columns(subject, threat_model, reasons)
        yield from sample_notes(subject, attacked.rows, "attacked")
        yield from notes_on_range(attacked, subject)
        yield from notes_on_small_eps(attacked, subject, self.eps)
        yield from measurements(attacked, subject)
        yield from validity(attacked)
        if threat_model.shape:  # an image has too many values to list
            return
        yield columns(attacked, subject, reasons)
        if subject.policy.report.rows != "none":
            yield flips(attacked, subject)


def _by_reason(reasons: Mapping[str, str]) -> str:
    """Return the reasons, each with its columns."""
    names = {reason: [name for name, r in reasons.items() if r == reason] for reason in reasons.values()}
    return "; ".join(f"{reason}: {quote_list(columns)}" for reason, columns in names.items())
