"""Keys of a draft that the choices of an open question would give a second time, which no YAML file may."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from audit.draft.questions import Question
from audit.draft.yaml_text import flow_value
from audit.errors import Setting
from audit.policy.spelled_numbers import safe_yaml

Content = Mapping[str, Mapping[str, Any]]


def joined(questions: Sequence[Question], content: Content) -> list[Question]:
    """Return the questions, whose choices hold what the draft has under their keys already."""
    return [replace(q, choices=[_joined(choice, content) for choice in q.choices]) for q in questions]


def without_asked(content: Content, questions: Sequence[Question]) -> dict[str, Any]:
    """Return the content without the mappings that all choices of a question hold."""
    keys = {key for question in questions for key in _only_key(question) if _present(key, content)}
    return {
        section: {key: value for key, value in values.items() if f"{section}.{key}" not in keys}
        if isinstance(values, Mapping)
        else values
        for section, values in content.items()
    }


def _only_key(question: Question) -> set[str]:
    keys = {choice.key for choice in question.choices}
    return keys if len(keys) == 1 else set()


def _present(key: str, content: Content) -> Mapping[str, Any]:
    section, _, name = key.partition(".")
    value = content.get(section, {}).get(name)
    return value if isinstance(value, Mapping) else {}


def _joined(choice: Setting, content: Content) -> Setting:
    added_values = safe_yaml().load(choice.value)
    present = _present(choice.key, content)
    if not (present and isinstance(added_values, Mapping)):
        return choice
    return replace(choice, value=flow_value({**present, **added_values}))
