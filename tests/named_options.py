"""Finds the options that texts name: keys of the policy, options of checks, flags of the command line."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import typer.main

from audit.check import entry_points
from audit.cli.app import app
from audit.formats.json import report_schema
from audit.notebook import AuditReport
from audit.policy.model import Policy
from audit.result import AUDITS

ROOT = Path(__file__).resolve().parents[1]
UNKNOWN = "\0"
"""What stands in an f-string where a value will."""

_PATH = re.compile(r"(?<![\w./])(checks|model|data|gate|report|waivers)((?:\.\w+)+)(?![\w(/])")
_FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_COMMAND = re.compile(r"\baudit (\w+)([^`\n]*)")
_OTHERS = re.compile(r"(?:python -m |benchmarks/|docker )[^`\n]*")
"""Calls of other programs, whose flags are their own."""
_FILES = {"csv", "css", "h5", "html", "j2", "json", "keras", "md", "py"}
_KERAS = {"model.export", "model.predict", "model.quantize", "model.save"}
_OTHER_PROGRAMS = {"--editable", "--junitxml", "--every", "--logdir", "--read-only", "--rm", "--tmpfs"}
"""Flags of pip, of docker, and of the program that made the mutants of `docs/design/11-gate-proof.md`."""
_VIEWS = {f"report.{name}" for name in vars(AuditReport) if not name.startswith("_")}
"""What the report has in Python besides its fields."""
_PLUG_IN = {"--audit-out", "--audit-undecided"}
"""Flags of the plug-in for pytest."""


def messages() -> Iterator[tuple[str, str]]:
    """Yield every string that the package may show, with its place."""
    for file, tree in _sources():
        for node, text in strings(tree):
            if node not in docstrings(tree):
                yield f"{file}:{node.lineno}", text


def strings(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Yield the strings of a syntax tree; an f-string is one, with `UNKNOWN` for each value."""
    parts = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node, "".join(map(_text, node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in parts:
            yield node, node.value


@cache
def docstrings(tree: ast.AST) -> set[ast.expr]:
    """Return the strings that are statements by themselves."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}


@cache
def _sources() -> list[tuple[Path, ast.AST]]:
    files = sorted((ROOT / "audit").rglob("*.py"))
    return [(file.relative_to(ROOT), ast.parse(file.read_text())) for file in files]


def _text(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else UNKNOWN


def pages() -> Iterator[tuple[str, str]]:
    """Yield what is written for readers: docstrings, pages, and what templates write beside their values."""
    for source, tree in _sources():
        for node, text in strings(tree):
            if node in docstrings(tree):
                yield f"{source}:{node.lineno}", text
    templates = sorted((ROOT / "reports" / "templates").rglob("*.j2"))
    for file in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *templates]:
        for number, line in enumerate(file.read_text().splitlines(), 1):
            yield f"{file.relative_to(ROOT)}:{number}", re.sub(r"{{.*?}}|{%.*?%}", UNKNOWN, line)


def named(text: str) -> set[str]:
    """Return the paths of keys and the flags in a text."""
    paths = {match[0] for match in _PATH.finditer(text) if match[0].rpartition(".")[2] not in _FILES}
    return paths - _KERAS - {AUDITS} | set(_FLAG.findall(_OTHERS.sub("", text))) - _OTHER_PROGRAMS


def missing(text: str, *, report: bool = False) -> set[str]:
    """Return which of the options that a text names do not exist; with ``report``, keys of a report do too."""
    unknown = {
        name for name in named(text) if not (_is_flag(name) if name[0] == "-" else _is_key(name, report))
    }
    wrong = {
        f"audit {command} {flag}"
        for command, rest in _COMMAND.findall(_OTHERS.sub("", text))
        if command in flags()
        for flag in _FLAG.findall(rest)
        if flag not in flags()[command]
    }
    return unknown | wrong


@cache
def flags() -> dict[str, set[str]]:
    """Return the flags of each command, and under an empty name those of the program itself."""
    group: Any = typer.main.get_command(app)
    return {
        name: {flag for parameter in command.params for flag in parameter.opts} | {"--help"}
        for name, command in {**group.commands, "": group}.items()
    }


def _is_flag(name: str) -> bool:
    return name in _PLUG_IN or any(name in known for known in flags().values())


def _is_key(path: str, report: bool) -> bool:
    section, *keys = path.split(".")
    if section == "checks":
        return _is_option(*keys)
    policy, made = _schemas()
    if _holds(policy, policy["properties"].get(section, {}), keys):
        return True
    start = (
        made if section == "report" else made["properties"].get(section, {})
    )  # `report.verdict`, or `data.rows`
    return report and (_holds(made, start, keys) or path in _VIEWS)


@cache
def _schemas() -> tuple[dict[str, Any], dict[str, Any]]:
    return Policy.model_json_schema(), report_schema()


def _is_option(check: str, *keys: str) -> bool:
    if check.isupper():  # "checks.NAME"
        return True
    known = check in entry_points.installed()
    return known and all(key in entry_points.check_class(check).model_fields for key in keys[:1])


def _holds(schema: dict[str, Any], node: dict[str, Any], keys: list[str]) -> bool:
    """Tell whether a path of keys leads from a node of a JSON Schema to another one."""
    if "$ref" in node:
        return _holds(schema, schema["$defs"][node["$ref"].rpartition("/")[2]], keys)
    if any(_holds(schema, one, keys) for one in node.get("anyOf", [])):
        return True
    if not keys:
        return bool(node)
    items = node.get("items") if keys[0].isdecimal() else None
    inner = node.get("properties", {}).get(keys[0]) or items or node.get("additionalProperties")
    return inner is True or (isinstance(inner, dict) and _holds(schema, inner, keys[1:]))
