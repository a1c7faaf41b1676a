"""Open questions of a draft: what `audit run` refuses, with the settings that its error offers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from audit.data.labels import REGRESSION
from audit.errors import AuditError, Setting, yaml_name

_MAX_CHOICES = 12
_A_COLUMN = re.compile(r"\{name: OUTPUT, column: (NUMBER|0)\}")


@dataclass(frozen=True)
class Question:
    """What stops an audit of the drafted policy, in words, and what its author can choose."""

    text: str
    choices: Sequence[Setting]

    @property
    def section(self) -> str:
        """The part of the policy that answers it: ``model`` or ``data``."""
        return self.choices[0].key.partition(".")[0] if self.choices else "model"


def question_of(error: AuditError) -> Question:
    """Return the question that an error of loading or scoring asks."""
    text = f"{error.where}: expected {error.expected}; found {error.found}"
    return Question(text, error.settings[:_MAX_CHOICES])


def asks_for_column(question: Question) -> bool:
    """Return whether a question asks which column of an output is audited."""
    return any(_A_COLUMN.fullmatch(choice.value) for choice in question.choices)


def with_columns(question: Question, output: str, width: int) -> Question:
    """Return such a question with each column of the output, and its name, as a choice."""
    is_regression = any(choice.value.endswith("column: 0}") for choice in question.choices)
    kind = ", kind: regression" * is_regression
    columns = range(min(width, _MAX_CHOICES))
    values = [f"{{name: {yaml_name(output)}, column: {column}{kind}}}" for column in columns]
    return replace(question, choices=[Setting("model.output", value) for value in values])


def supersedes(later: Question, earlier: Question) -> bool:
    """Return whether each choice of a later question answers an earlier one too: a column that is a regression."""
    return (
        bool(later.choices)
        and REGRESSION in earlier.choices
        and all(_is_regression(c) for c in later.choices)
    )


def _is_regression(choice: Setting) -> bool:
    return choice.key == REGRESSION.key and choice.value.endswith("kind: regression}")
