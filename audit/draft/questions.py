"""Open questions of a draft: what `audit run` refuses, with the choices that its message offers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from audit.errors import AuditError

_WORDS = r"[\w.'-]+(?:(?:, [\w.'-]+)* or [\w.'-]+)?"
_SET = re.compile(
    rf"\b((?:model|data)(?:\.\w+)+): (\{{[^{{}}]*(?:\{{[^{{}}]*\}}[^{{}}]*)*\}}|\[[^\[\]]*\]|{_WORDS})"
)
_PLACEHOLDER = re.compile(r"\b[A-Z][A-Z_]+\b|…")
_LISTED = re.compile(r"(?:one of|label values:) ((?:(?:'[^']*'|[^\s,']+)(?:, )?)+)")
_KEY = re.compile(r"(?:model|data)\.\w+")
_MAX_CHOICES = 12


@dataclass(frozen=True)
class Choice:
    """A key of the policy and a value for it, as YAML; not ``complete`` if its author has to fill in a name."""

    key: str
    value: str
    complete: bool

    @property
    def override(self) -> str:
        """The choice as ``audit run --set`` takes it."""
        return f"{self.key}={self.value}"


@dataclass(frozen=True)
class Question:
    """What stops an audit of the drafted policy, in words, and what its author can choose."""

    text: str
    choices: list[Choice]

    @property
    def section(self) -> str:
        """The part of the policy that answers it: ``model`` or ``data``."""
        return self.choices[0].key.partition(".")[0] if self.choices else "model"


def question_of(error: AuditError) -> Question:
    """Return the question that an error of loading or scoring asks."""
    text = f"{error.where}: expected {error.expected}; found {error.found}"
    offered = _offered(f"{error.expected}; {error.fix}")
    choices = dict.fromkeys([*(_with_columns(c, error) for c in offered), *_listed_values(error)])
    return Question(text, list(choices)[:_MAX_CHOICES])


def _offered(text: str) -> Iterator[Choice]:
    """Yield the settings that a message names, one for each value that it lists in the place of a name."""
    listed = _LISTED.search(text)
    names = re.findall(r"'([^']*)'", listed[1]) if listed else []
    for key, value in _SET.findall(text):
        if not _PLACEHOLDER.search(value):
            yield from (Choice(key, one, True) for one in _alternatives(value))
        elif names:
            yield from (Choice(key, _PLACEHOLDER.sub(name, value, count=1), True) for name in names)
        else:
            yield Choice(key, value, False)


def _alternatives(value: str) -> list[str]:
    """Return the values of ``a, b or c``; lists and mappings are one value."""
    return [value] if value[0] in "{[" else re.split(r", | or ", value)


def _with_columns(choice: Choice, error: AuditError) -> Choice:
    """Return the choice with the columns that the message counts in the place of ``COLUMN, …``."""
    counted = re.search(r"\b\d+: ((?:'[^']*'(?:, )?)+)", error.found)
    if counted is None:
        return choice
    return replace(choice, value=choice.value.replace("COLUMN, …", counted[1].rstrip(", ")))


def _listed_values(error: AuditError) -> Iterator[Choice]:
    """Yield each value of the data that a message about a single key quotes."""
    listed = _LISTED.search(error.found)
    if _KEY.fullmatch(error.where) and listed:
        for value in re.findall(r"'[^']*'|[^\s,']+", listed[1]):
            yield Choice(error.where, value, True)
