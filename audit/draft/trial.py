"""Trial of a draft: what stops an audit of it, each question answered to see what is asked next."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from audit.draft.questions import Question, question_of, with_question
from audit.errors import AuditError, Setting
from audit.policy.load import override

Content = dict[str, Any]
"""The content of a policy file."""

_MAX_QUESTIONS = 6


@dataclass(frozen=True)
class Trial:
    """Asks one question after the other, as an audit would stop at them.

    ``error_of`` loads and scores as an audit would and returns what it stops at, ``with_nulls_filled`` answers the
    question of nulls, which has no choices, and ``with_names`` writes names of the model into the choices.
    """

    error_of: Callable[[Content], AuditError | None]
    with_nulls_filled: Callable[[Content], Content]
    with_names: Callable[[Question, Content], Question]

    def ask(self, content: Content, first: Question | None = None) -> tuple[list[Question], Content]:
        """Return the questions until nothing stops an audit or none has a choice, and the content that answers them.

        The ``first`` one is answered by its first choice.
        """
        questions = [first] if first else []
        if first:
            content = override(content, f"{first.choices[0].key}={first.choices[0].value}")
        error = self.error_of(content)
        while error and len(questions) < _MAX_QUESTIONS:
            question = self.with_names(question_of(error), content)
            if question in questions:
                break
            question, answer = self._answer(question, content)
            questions = with_question(questions, question)
            if answer is None:
                break
            content, error = answer
        return questions, content

    def _answer(
        self, question: Question, content: Content
    ) -> tuple[Question, tuple[Content, AuditError | None] | None]:
        """Return the question, its likeliest choices first, and the content with the first one and what stops that."""
        complete = [choice for choice in question.choices if choice.complete]
        if not complete and any(choice.key.startswith("data.missing") for choice in question.choices):
            filled = self.with_nulls_filled(content)
            return question, (filled, self.error_of(filled))
        attempts: list[tuple[Content, AuditError | None]] = []
        refuted: list[Setting] = []
        for choice in complete:
            answer = override(content, f"{choice.key}={choice.value}")
            error = self.error_of(answer)
            if error is None or not _refutes(error, choice):
                return question.with_last(refuted), (answer, error)
            attempts.append((answer, error))
            refuted.append(choice)
            if str(error) == str(attempts[0][1]) and len(attempts) > 1:
                break  # it is not the choice that is wrong
        return question, attempts[0] if attempts else None


def _refutes(error: AuditError, choice: Setting) -> bool:
    """Return whether an error after a choice is about that choice, or leaves nothing else to choose."""
    return error.where.startswith(choice.key) or not error.settings
