"""Lines of a policy's keys in its file, for error messages and for formats that point into the file."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from audit.policy.spelled_numbers import safe_yaml

_RULES = ("gate", "rules")


class RuleLines(NamedTuple):
    """Lines of the rules in the file, in its order, of ``gate.max_audits``, and of the nearest key to other rules."""

    rules: tuple[int, ...]
    max_audits: int
    others: int


class FileLines:
    """Lines of keys in a YAML text, from 1."""

    def __init__(self, text: str) -> None:
        self._root: Any = safe_yaml().compose(text) if text else None

    def nearest(self, keys: Sequence[str | int]) -> int | None:
        """Return the line of the last of ``keys`` that the text contains (an override's are not in it), if any."""
        node = self._root
        line = None
        for key in keys:
            place = _mapped(node, key) if isinstance(key, str) else _listed(node, key)
            if place is None:
                break
            marked, node = place
            line = marked.start_mark.line + 1
        return line

    def of_rules(self, count: int, overrides: Sequence[str]) -> RuleLines:
        """Return the lines of ``count`` rules; none is in the text if an override replaces their list."""
        others = self.nearest(_RULES) or 1
        replaced = any(setting.partition("=")[0] in ("gate", "gate.rules") for setting in overrides)
        return RuleLines(
            rules=tuple(others if replaced else self.nearest([*_RULES, i]) or others for i in range(count)),
            max_audits=self.nearest(("gate", "max_audits")) or others,
            others=others,
        )


def _mapped(node: Any, key: str) -> tuple[Any, Any] | None:
    """Return the node of a key of a mapping, and that of its value."""
    pairs = (pair for pair in getattr(node, "value", None) or () if isinstance(pair, tuple))
    return next((pair for pair in pairs if str(pair[0].value) == key), None)


def _listed(node: Any, index: int) -> tuple[Any, Any] | None:
    """Return the node of an item of a list, twice: it is its own key."""
    items = getattr(node, "value", None)
    if not isinstance(items, list) or index >= len(items) or isinstance(items[index], tuple):
        return None
    return items[index], items[index]
