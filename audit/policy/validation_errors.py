"""Turns a pydantic error into one message: the file's line, the key, and the nearest known key."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from audit.errors import AuditError, did_you_mean
from audit.policy.csv_spec import CsvSpec
from audit.policy.file_lines import FileLines
from audit.policy.gate_spec import GateSpec, Rule, Waiver
from audit.policy.model import (
    About,
    AtLeast,
    DataSpec,
    ExecutionSpec,
    ModelSpec,
    OutputSpec,
    Policy,
    Protected,
    RegistrySpec,
    ReportSpec,
)

Key = str | int

_SECTIONS: dict[tuple[str, ...], type[BaseModel]] = {
    (): Policy,
    ("about",): About,
    ("execution",): ExecutionSpec,
    ("model",): ModelSpec,
    ("model", "output"): OutputSpec,
    ("data",): DataSpec,
    ("data", "favorable"): AtLeast,
    ("data", "csv"): CsvSpec,
    ("data", "protected", "*"): Protected,
    ("gate",): GateSpec,
    ("gate", "rules", "*"): Rule,
    ("waivers", "*"): Waiver,
    ("report",): ReportSpec,
    ("registry",): RegistrySpec,
}


def explain(error: ValidationError, data: Mapping[str, object], path: str, text: str) -> AuditError:
    """Return the message of ``error``: an unknown key first, since it often causes the others."""
    details = error.errors(include_url=False)
    first = next((item for item in details if item["type"] == "extra_forbidden"), details[0])
    keys = _keys_in_data(first["loc"], data)
    line = FileLines(text).nearest(keys)
    where = f"{path}:{line}" if line else path
    if first["type"] == "missing":
        name = ".".join(str(key) for key in [*keys, first["loc"][-1]])
        return AuditError(where=where, expected=f"the key {name!r}", found="it is missing")
    where += ": " + (".".join(str(key) for key in keys) or "the policy")
    if first["type"] == "extra_forbidden":
        known = _known_keys(keys[:-1])
        unknown = f"the unknown key {str(keys[-1])!r}{did_you_mean(keys[-1], known)}"
        return AuditError(where=where, expected=f"one of {', '.join(known)}", found=unknown)
    return AuditError(
        where=where, expected=_expectation(first, details), found=_shorten(first["input"]), fix=_quoted(first)
    )


def _keys_in_data(location: Sequence[Key], data: object) -> list[Key]:
    """Return the parts of a pydantic location that are keys of the data (it adds names of union members)."""
    keys: list[Key] = []
    node: Any = data
    for part in location:
        with suppress(KeyError, IndexError, TypeError):
            node = node[part]
            keys.append(part)
    return keys


def _known_keys(parents: Sequence[Key]) -> list[str]:
    inside_attribute = list(parents[:2]) == ["data", "protected"]
    section = [
        "*" if isinstance(key, int) or (inside_attribute and i == 2) else key for i, key in enumerate(parents)
    ]
    model = _SECTIONS.get(tuple(str(key) for key in section))
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _expectation(first: ErrorDetails, details: Sequence[ErrorDetails]) -> str:
    """Return the expectations of all members of a union, joined by "or"."""
    same = [item["msg"] for item in details if item["input"] is first["input"]]
    parts = [text.removeprefix("Value error, ").removeprefix("Input should be ") for text in same]
    return " or ".join(dict.fromkeys(parts))


def _quoted(first: ErrorDetails) -> str:
    """Return the advice for a name, such as that of a column, which YAML reads as a number; empty for the rest."""
    value = first["input"]
    text = getattr(value, "spelling", "") or str(value)
    named = first["type"] == "string_type" and isinstance(value, bool | int | float)
    return f'put it into quotes: "{text}"' if named else ""


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:199] + "…"
