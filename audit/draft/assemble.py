"""Assembly of a draft policy: guesses, a trial of what an audit would refuse, and the questions that this leaves open.

Protected attributes are guessed by the names of columns; the policy says that they are guesses.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from audit.data.arrow_columns import null_count
from audit.data.dataset import Dataset, read_dataset
from audit.data.labels import Labels
from audit.data.source import Source
from audit.draft.dialect_question import open_table
from audit.draft.guesses import distinct, guess_protected, may_be_targets
from audit.draft.present_keys import joined, without_asked
from audit.draft.questions import Question
from audit.draft.sample_size import undecidable
from audit.draft.trial import Trial
from audit.draft.yaml_text import policy_text
from audit.errors import AuditError
from audit.inputs.binding import bind, unbound
from audit.inputs.feeds import Feed
from audit.model.model import Model, open_model
from audit.policy.load import override
from audit.policy.model import ResolvedPolicy
from audit.policy.resolution import for_several_classes
from audit.registry.artifact import find_model
from audit.subject.encoded_columns import EncodedNames
from audit.subject.loading import load_subject

Resolve = Callable[[Mapping[str, object]], ResolvedPolicy]
"""Resolves the content of a policy file against the installed checks."""


@dataclass(frozen=True)
class Draft:
    """A policy's text, with remarks for its author, and the questions that stop an audit of it."""

    text: str
    remarks: list[str]
    questions: list[Question]


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the author of the policy knows: keys of the policy that a draft does not guess then.

    ``protected`` are those of the policy by attribute, and ``overrides`` are ``key.path=value``.
    """

    protected: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    favorable: str | None = None
    output: str | None = None
    overrides: Sequence[str] = ()


def draft(
    model_path: str, data: str, label: str, base: Path, policy_from: Resolve, wishes: Wishes | None = None
) -> Draft:
    """Draft a policy for the model at ``model_path`` on the table at ``data``, to lie in the directory ``base``.

    Relative paths start at ``base`` as well; ``policy_from`` resolves the drafted content.

    Raises:
        AuditError: the data or the label's column is not there, there is no model, or a wish is no policy.
    """
    content = _content(model_path, data, label, wishes or Wishes())
    source, of_dialect = open_table(data, base, policy_from(content).data.csv, label)
    source.require([label])
    find_model(model_path, base)
    if of_dialect:
        content["data"].pop("csv", None)  # each choice has it
    elif source.csv.model_dump():
        content["data"]["csv"] = source.csv.model_dump()
    drafting = _Drafting(content, source, base, policy_from, of_dialect)
    drafting.guess()
    return drafting.finish(*drafting.ask())


def _content(model: str, data: str, label: str, wishes: Wishes) -> dict[str, Any]:
    content: dict[str, Any] = {
        "version": 1,
        "model": {"path": model},
        "data": {"path": data, "label": label},
    }
    if wishes.output:
        content["model"]["output"] = {"name": wishes.output}
    if wishes.protected:
        content["data"]["protected"] = dict(wishes.protected)
    favorable = [f"data.favorable={wishes.favorable}"] if wishes.favorable else []
    for setting in [*favorable, *wishes.overrides]:
        content = override(content, setting)
    return content


class _Drafting:
    """A draft in the making: the content of the policy, and what it is about."""

    def __init__(
        self,
        content: dict[str, Any],
        source: Source,
        base: Path,
        policy_from: Resolve,
        of_dialect: Question | None = None,
    ) -> None:
        self.content = content
        self.source = source
        self.base = base
        self.policy_from = policy_from
        self.of_dialect = of_dialect
        self.guessed: list[str] = []
        self.left_out: list[str] = []
        self.feeds: list[Feed] | None = None
        self.encoded = EncodedNames([], [])

    def policy(self, content: Mapping[str, object] | None = None) -> ResolvedPolicy:
        """Return the policy that lies in the base directory."""
        policy = self.policy_from(self.content if content is None else content)
        policy._path = str(self.base / "audit.yaml")
        return policy

    def guess(self) -> None:
        """Add the kind of the output and protected attributes, where nobody gave them."""
        data = self.content["data"]
        values = distinct(self.source, data["label"])
        if "output" not in self.content["model"] and may_be_targets(values) and self._has_plain_output():
            self.content["model"]["output"] = "regression"
        if "protected" in data:
            return
        protected = guess_protected(self.source, data["label"])
        is_classification = self.policy().model.output.kind != "regression"
        if is_classification and "favorable" not in data and len(values) > 2:
            self.left_out = list(protected)
        elif protected:
            self.guessed = list(protected)
            data["protected"] = {
                name: spec.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
                for name, spec in protected.items()
            }

    def _has_plain_output(self) -> bool:
        """Return whether the model has a single column of scores that is no sigmoid."""
        try:
            model = self._model()
        except AuditError:
            return False
        return model.width == 1 and model.operation.type != "Sigmoid"

    def _model(self, content: Mapping[str, object] | None = None) -> Model:
        policy = self.policy(content)
        return open_model(policy.model, find_model(policy.model.path, self.base).path)

    def ask(self) -> tuple[list[Question], dict[str, Any]]:
        """Load and score as an audit would, and return what stops it, and the content with the first choices."""
        trial = Trial(self._error_of, self._with_nulls_filled, self._with_names)
        return trial.ask(self.content, self.of_dialect)

    def _error_of(self, content: dict[str, Any]) -> AuditError | None:
        try:
            subject = load_subject(self.policy(content), lambda *_: None)
            self.encoded = subject.encoded.names(subject.features.columns)
        except AuditError as error:
            return error
        if content is self.content:
            self.feeds = list(subject.feeds)
        return None

    def _with_nulls_filled(self, content: dict[str, Any]) -> dict[str, Any]:
        feeds = self._feeds(self.policy(content))
        fills = {column: "" if feed.dtype.name == "string" else 0 for feed in feeds for column in feed.reads}
        return {**content, "data": {**content["data"], "missing": fills}}

    def _with_names(self, question: Question, content: dict[str, Any]) -> Question:
        """Return the question with the columns of the output that is audited, where the model opens."""
        try:
            model = self._model(content)
            return question.with_columns_of(model.output, model.width)
        except AuditError:
            return question

    def finish(self, questions: list[Question], answered: dict[str, Any]) -> Draft:
        """Return the policy's text, which is a policy, and its remarks; its rules are those of ``answered``."""
        policy = self.policy()
        table = self._table(policy)
        policy = policy.model_copy(update={"gate": self._with_rules(answered).gate})
        feeds = self.feeds or self._feeds(policy)
        nulls = _nulls(self.source, feeds)
        thin = _thin(policy, table)
        questions = joined(questions, self.content)
        content = without_asked(self.content, questions)
        null_questions = {} if "missing" in self.content["data"] else nulls
        text = policy_text(policy, content, table, feeds, null_questions, thin, questions, self.encoded)
        self.policy(YAML(typ="safe", pure=True).load(text))  # what is written is a policy
        of_table = table.warnings if table else ()
        remarks = [*self.source.notes, *self._remarks(policy, nulls, thin), *of_table]
        return Draft(text, remarks, questions)

    def _with_rules(self, content: dict[str, Any]) -> ResolvedPolicy:
        """Return the policy with the default rules of its kind of label, unless it has its own."""
        try:
            policy = self.policy(content)
        except AuditError:
            policy = self.policy()
        table = self._table(policy)
        several = table is not None and isinstance(table.labels, Labels) and len(table.labels.values) > 2
        return for_several_classes(policy) if several else policy

    def _table(self, policy: ResolvedPolicy) -> Dataset | None:
        try:
            return read_dataset(policy.data, self.source, policy.model.output.kind)
        except AuditError:
            return None

    def _feeds(self, policy: ResolvedPolicy) -> list[Feed]:
        """Return what the inputs are fed from; nothing where that is an open question."""
        listed = policy.model.inputs
        try:
            model = self._model()
            model = model.without(unbound(model.fed, listed, policy.data, self.source.schema))
            return bind(model.fed, listed, policy.data, self.source.schema, policy.model.path)
        except AuditError:
            return []

    def _remarks(
        self, policy: ResolvedPolicy, nulls: dict[str, int], thin: dict[str, list[str]]
    ) -> Iterator[str]:
        if self.guessed:
            yield f"guessed by name: {', '.join(self.guessed)} (privileged: the largest group). Check them."
        elif self.left_out:
            names = ", ".join(self.left_out)
            yield f"{names}: protected attributes need data.favorable, to say which class is favourable (--favorable)."
        elif not policy.data.protected:
            yield "no protected attribute was guessed: add them under data.protected, or fairness is not measured."
        for column, count in nulls.items():
            yield f"{column}: {count:,} rows have no value; say what the serving path sends under data.missing."
        for rule, sentences in thin.items():
            yield f"{rule}: these rows cannot decide it for {'; '.join(sentences)}."


def _thin(policy: ResolvedPolicy, table: Dataset | None) -> dict[str, list[str]]:
    if table is None:
        return {}
    reasons = {str(rule.id): list(undecidable(rule, table, policy.gate)) for rule in policy.rules}
    return {rule: sentences for rule, sentences in reasons.items() if sentences}


def _nulls(source: Source, feeds: list[Feed]) -> dict[str, int]:
    numeric = {column: feed.dtype.name != "string" for feed in feeds for column in feed.reads}
    totals = dict.fromkeys(numeric, 0)
    for batch in source.batches(list(numeric)):
        for column in numeric:
            totals[column] += null_count(batch.column(column), numeric[column])
    return {column: count for column, count in totals.items() if count}
