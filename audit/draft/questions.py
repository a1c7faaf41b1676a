"""Open questions of a draft: what `audit run` refuses, with the settings that its error offers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from audit.data.labels import REGRESSION
from audit.errors import AuditError, Setting, yaml_name

_MAX_CHOICES = 12
_OUTPUT_COLUMN = re.compile(r"\{name: OUTPUT, column: \w+")


@dataclass(frozen=True)
class Question:
    """What stops an audit of the drafted policy, in words, and what its author can choose."""

    text: str
    choices: Sequence[Setting]

    @property
    def section(self) -> str:
        """The part of the policy that it stands in, ``model`` or ``data``: that of the key that it is about."""
        keys = [choice.key for choice in self.choices]
        key = next((key for key in keys if self.text.startswith(key)), keys[0] if keys else "model")
        return key.partition(".")[0]

    def with_last(self, refuted: Sequence[Setting]) -> "Question":
        """Return the question with the choices that the model or the data contradict after all others."""
        return replace(self, choices=sorted(self.choices, key=lambda choice: choice in refuted))

    def with_columns_of(self, output: str, width: int) -> "Question":
        """Return the question with a choice for each of the ``width`` columns of an output, by its name."""
        choices: list[Setting] = []
        for choice in self.choices:
            is_column = choice.key == "model.output" and _OUTPUT_COLUMN.match(choice.value)
            choices += _each_column(choice, output, width) if is_column else [choice]
        return replace(self, choices=choices[:_MAX_CHOICES])


def question_of(error: AuditError) -> Question:
    """Return the question that an error of loading or scoring asks."""
    text = f"{error.where}: expected {error.expected}; found {error.found}"
    return Question(text, list(error.settings[:_MAX_CHOICES]))


def _each_column(choice: Setting, output: str, width: int) -> list[Setting]:
    rest = _OUTPUT_COLUMN.sub("", choice.value)
    start = f"{{name: {yaml_name(output)}, column: "
    return [Setting(choice.key, f"{start}{column}{rest}") for column in range(width)]


def with_question(earlier: Sequence[Question], later: Question) -> list[Question]:
    """Return the questions with a later one: the columns that may be a regression take that choice's place."""
    if not (later.choices and all(map(_is_regression, later.choices))):
        return [*earlier, later]
    places = [place for place, question in enumerate(earlier) if REGRESSION in question.choices]
    if not places:
        return [*earlier, later]
    first = earlier[places[0]]
    others = [choice for choice in first.choices if choice != REGRESSION]
    merged = replace(first, choices=[*later.choices, *others])
    return [merged if question is first else question for question in earlier]


def _is_regression(choice: Setting) -> bool:
    return choice.key == REGRESSION.key and choice.value.endswith("kind: regression}")
