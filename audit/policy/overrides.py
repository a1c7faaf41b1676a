"""Overrides of single policy values (``--set key.path=value``), applied before validation."""

from __future__ import annotations

from collections.abc import Sequence

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from audit.errors import AuditError


def apply_overrides(content: dict[str, object], overrides: Sequence[str]) -> dict[str, object]:
    """Set each ``key.path=value`` in ``content`` and return it; a number in the path is a list index.

    Raises:
        AuditError: an override has no ``=``, its value is not YAML, or its path leads nowhere.
    """
    for text in overrides:
        path, equals, value = text.partition("=")
        if not (equals and path):
            raise AuditError(where=f"--set {text}", expected="key.path=value", found=repr(text))
        _set(content, path.split("."), _value(text, value), text)
    return content


def _value(text: str, value: str) -> object:
    try:
        return YAML(typ="safe", pure=True).load(value)
    except (YAMLError, ValueError, RecursionError) as error:
        raise AuditError(
            where=f"--set {text}", expected="a YAML value", found=f"{value!r}: {error}"
        ) from None


def _set(content: object, keys: list[str], value: object, text: str) -> None:
    *parents, last = keys
    for key in parents:
        if isinstance(content, dict):
            if content.get(key) is None:
                content[key] = {}
            content = content[key]
        else:
            content = _item(content, key, text)
    if isinstance(content, dict):
        content[last] = value
    else:
        _item(content, last, text)
        content[int(last)] = value  # type: ignore[index]  # _item has shown that it is a list


def _item(content: object, key: str, text: str) -> object:
    if isinstance(content, list) and key.isdecimal() and int(key) < len(content):
        return content[int(key)]
    kind = f"a list of {len(content)}" if isinstance(content, list) else f"the value {content!r}"
    raise AuditError(where=f"--set {text}", expected=f"something that has the key {key!r}", found=kind)
