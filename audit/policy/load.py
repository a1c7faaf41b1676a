"""Reads a policy from `audit.yaml` (YAML 1.2); errors name file, line and key."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from audit.errors import AuditError
from audit.policy.model import Policy
from audit.policy.overrides import apply_overrides
from audit.policy.validation_errors import explain


def read_policy(path: str | Path, overrides: Sequence[str] = ()) -> Policy:
    """Read, override and validate the policy at ``path``.

    Args:
        path: the YAML file.
        overrides: ``key.path=value`` texts, applied in order; values are YAML.

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
    data = apply_overrides(copy.deepcopy(dict(content)), overrides)
    try:
        policy = Policy.model_validate(data)
    except ValidationError as error:
        raise explain(error, data, path or "policy", text) from None
    policy._path = path
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
        content = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError) as error:  # 2027-02-31 is a ValueError
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise AuditError(where=f"{where}{line}", expected="a YAML document", found=str(problem)) from None
    if not isinstance(content, dict):
        kind = "an empty file" if content is None else f"a {type(content).__name__}"
        raise AuditError(where=where, expected="a mapping of keys such as 'model' and 'data'", found=kind)
    return content
