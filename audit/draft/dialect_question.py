"""The open question of a CSV file that several dialects fit, and the one that a draft goes on with."""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from audit.data.readers.registry import open_source
from audit.data.source import Source
from audit.draft.questions import Question, question_of
from audit.errors import AuditError, Setting
from audit.policy.csv_spec import CsvSpec
from audit.policy.spelled_numbers import safe_yaml


class DraftTable(NamedTuple):
    """A table, and the question of its dialect if several fit: then it is read in the first choice."""

    source: Source
    question: Question | None


def open_table(data: str, base: Path, csv: CsvSpec, label: str) -> DraftTable:
    """Return the table at ``data``; if several dialects fit, in the first in which there is a column ``label``.

    Raises:
        AuditError: there is no table, or none of the dialects gives that column.
    """
    try:
        return DraftTable(open_source(data, base, csv), None)
    except AuditError as error:
        for setting in error.settings:
            if setting.key != "data.csv":
                break
            with suppress(AuditError):
                source = open_source(data, base, CsvSpec.model_validate(safe_yaml().load(setting.value)))
                source.require([label])
                return DraftTable(source, _begun_with(setting, question_of(error)))
        raise


def _begun_with(first: Setting, question: Question) -> Question:
    others = [choice for choice in question.choices if choice != first]
    return Question(question.text, [first, *others])
