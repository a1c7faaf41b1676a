"""Reads a policy from `audit.yaml` (YAML 1.2), with overrides of single values; errors name file, line and key."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml.error import YAMLError

from audit.errors import AuditError
from audit.policy.file_lines import FileLines
from audit.policy.model import Policy
from audit.policy.spelled_numbers import safe_yaml
from audit.policy.validation_errors import explain

_YAML_ERRORS = (YAMLError, ValueError, RecursionError)  # 2027-02-31 is a ValueError


def read_policy(path: str | Path, overrides: Sequence[str] = ()) -> Policy:
    """Read, override (by ``key.path=value`` with YAML values) and validate the policy at ``path``.

    Raises:
        AuditError: the file cannot be read, or its content is no policy.
    """
    text = _read(Path(path))
    return parse_policy(_parse(text, str(path)), overrides, path=str(path), text=text)


def parse_policy(
    content: Mapping[str, object], overrides: Sequence[str] = (), *, path: str | None = None, text: str = ""
) -> Policy:
    """Validate plain data as a policy; its rules and check options are not resolved yet.

    ``path`` and ``text`` are of the file that ``content`` was read from, for messages.

    Raises:
        AuditError: the content is not a policy.
    """
    data = dict(content)
    for setting in overrides:
        data = override(data, setting)
    try:
        policy = Policy.model_validate(data)
    except ValidationError as error:
        raise explain(error, data, path or "policy", text) from None
    policy._path = path
    policy._lines = FileLines(text).of_rules(len(policy.rules), overrides) if text else None
    return policy


def _read(path: Path) -> str:
    if not path.is_file():
        raise AuditError(
            where=str(path),
            expected="a policy file",
            found="a directory" if path.is_dir() else "no such file",
            fix="write one with 'audit init MODEL DATA --label COLUMN', or name another",
        )
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise AuditError(where=str(path), expected="UTF-8 text", found=f"byte {error.start} is not") from None


def _parse(text: str, where: str) -> dict[str, object]:
    try:
        content = safe_yaml().load(text)
    except _YAML_ERRORS as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise AuditError(where=f"{where}{line}", expected="a YAML document", found=str(problem)) from None
    if not isinstance(content, dict):
        kind = "an empty file" if content is None else f"a {type(content).__name__}"
        raise AuditError(where=where, expected="a mapping of keys such as 'model' and 'data'", found=kind)
    return content


def override(content: Mapping[str, object], setting: str) -> dict[str, object]:
    """Return ``content`` with the ``key.path=value`` of ``--set``; a number in the path is a list index.

    Raises:
        AuditError: it is no such setting, or ``content`` has no place for it.
    """
    data = copy.deepcopy(dict(content))
    _apply(setting, data)
    return data


def _apply(setting: str, content: Any) -> None:
    where = f"--set {setting}"
    path, equals, text = setting.partition("=")
    if not (equals and path):
        raise AuditError(where=where, expected="key.path=value", found=repr(setting))
    try:
        value = safe_yaml().load(text)
    except _YAML_ERRORS as error:
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise AuditError(
            where=where,
            expected="a YAML value",
            found=f"{text!r}: {problem}",
            fix="put the value into double quotes, and all of it into single ones for the shell: "
            f"--set '{path}=\"{text}\"'",
        ) from None
    *parents, last = path.split(".")
    for key in parents:
        if isinstance(content, dict) and content.get(key) is None:
            content[key] = {}
        content = content[_place(content, key, where)]
    content[_place(content, last, where)] = value


def _place(content: object, key: str, where: str) -> str | int:
    """Return ``key`` as ``content`` takes it: as it is in a mapping, as an index in a list."""
    if isinstance(content, dict):
        return key
    if isinstance(content, list) and key.isdecimal() and int(key) < len(content):
        return int(key)
    kind = f"a list of {len(content)}" if isinstance(content, list) else f"the value {content!r}"
    raise AuditError(where=where, expected=f"something that has the key {key!r}", found=kind)
