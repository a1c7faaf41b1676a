"""Open questions of a draft: what `audit run` refuses, with the settings that its error offers."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.errors import AuditError, Setting

_MAX_CHOICES = 12


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
