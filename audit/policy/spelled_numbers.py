"""YAML values as they are spelled: ``privileged: 00501`` names the group 00501 and not 501, and a date is text."""

from datetime import date
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor

from audit.values import canonical


class SpelledInt(int):
    """A whole number with its ``spelling`` in the file."""

    spelling = ""


class SpelledFloat(float):
    """A floating-point number with its ``spelling`` in the file."""

    spelling = ""


def safe_yaml() -> YAML:
    """Return a loader of plain data, whose numbers remember their spelling, and whose dates are text."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    return yaml


def as_spelled(value: object) -> object:
    """Return a number or date from YAML as text where the file spells it otherwise than Python does.

    What matches a label or a group is the spelling: by YAML, ``1E2`` and ``00501`` are the numbers 100 and 501.
    """
    if isinstance(value, SpelledInt | SpelledFloat):
        plain = str(value) == value.spelling and canonical(value) == canonical(value.spelling)
        return value if plain else value.spelling
    return str(value) if isinstance(value, date) else value


class _Constructor(SafeConstructor):
    def construct_yaml_int(self, node: Any) -> int:
        number = SpelledInt(super().construct_yaml_int(node))
        number.spelling = str(node.value)
        return number

    def construct_yaml_float(self, node: Any) -> float:
        number = SpelledFloat(super().construct_yaml_float(node))
        number.spelling = str(node.value)
        return number


def _as_text(_: Any, node: Any) -> str:
    return str(node.value)  # a group, a column's name, a day: whoever reads it knows which


_Constructor.add_constructor("tag:yaml.org,2002:int", _Constructor.construct_yaml_int)
_Constructor.add_constructor("tag:yaml.org,2002:float", _Constructor.construct_yaml_float)
_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _as_text)
