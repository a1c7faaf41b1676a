"""`report.json`: serialization, parsing and JSON Schema, from the dataclasses in `audit.result`."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from audit.errors import AuditError
from audit.result import CheckResult, Report, Scalar

REPORT_FILE = "report.json"
"""Name of the artefact among a report's files."""

_SCHEMA_VERSION = 1
_NOT_FINITE = {"NaN", "Infinity", "-Infinity"}
_LEFT_OUT_IF_EMPTY = {
    "sampled",
    "exact_zero",
    "of_data",
    "link",
    "members",
    "permuted_range",
    "unasked",
    "superseded",
    "files",
    "registry",
}
_SCALARS = frozenset({bool, int, float, str, type(None)})
_NUMBER = {"anyOf": [{"type": "number"}, {"type": "string", "enum": sorted(_NOT_FINITE)}]}


@cache
def _adapter() -> TypeAdapter[Report]:
    return TypeAdapter(Report)


def to_json(report: Report) -> str:
    """Return a report as JSON text; numbers that are not finite are the strings NaN, Infinity, -Infinity."""
    content = to_plain(report)
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def to_plain(record: Any) -> object:
    """Return a record of `audit.result` as plain data for JSON, as in a report."""
    return _plain(record)


def result_from_plain(content: object) -> CheckResult:
    """Return the check's result that `to_plain` made ``content`` of."""
    result = TypeAdapter(CheckResult).validate_python(content)
    _parse_numbers([result])
    return result


def from_json(text: str, where: str = "report") -> Report:
    """Return the report in the JSON ``text``.

    Raises:
        AuditError: it is not JSON, or not a report of this schema.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _not_a_report(where, f"no JSON: {error}") from None
    _require_known_schema(content, where)
    try:
        report = _adapter().validate_python(content)
        _parse_numbers(report.checks)
        return report
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise _not_a_report(where, f"{key}: {first['msg']} ({first['input']!r:.80})") from None


def read_report(path: str | Path) -> Report:
    """Return the report in the JSON file at ``path``.

    Raises:
        AuditError: there is none, or it is damaged.
    """
    return from_bytes(report_bytes(path), str(path))


def report_bytes(path: str | Path) -> bytes:
    """Return the content of the report file at ``path``, or in the directory there.

    Raises:
        AuditError: there is none.
    """
    file = Path(path)
    if file.is_dir():
        file /= REPORT_FILE
    if not file.is_file():
        raise AuditError(
            where=str(path),
            expected="a report.json that 'audit run' wrote",
            found="no such file",
            fix="name the file, or the directory that holds it",
        )
    return file.read_bytes()


def from_bytes(content: bytes, where: str = "report") -> Report:
    """Return the report in the content of a file.

    Raises:
        AuditError: it is damaged.
    """
    try:
        return from_json(content.decode("utf-8"), where)
    except UnicodeDecodeError as error:
        raise _not_a_report(where, f"not UTF-8: {error.reason} at byte {error.start}") from None


def report_schema() -> dict[str, object]:
    """Return the JSON Schema of `report.json`."""
    schema = _adapter().json_schema()
    schema |= {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "savedmodel-audit report"}
    return {key: _widen(value) for key, value in schema.items()}


def _parse_numbers(checks: Iterable[CheckResult]) -> None:
    """Parse the three strings in tables as numbers (elsewhere the types do)."""
    for table in (table for check in checks for table in check.tables):
        table.columns.update({name: _parsed(cells) for name, cells in table.columns.items()})


def _parsed(cells: list[Scalar | None]) -> list[Scalar | None]:
    """Parse a column without any other text: in one of names, a group may be called NaN."""
    if {cell for cell in cells if isinstance(cell, str)} <= _NOT_FINITE:
        return [float(cell) if isinstance(cell, str) else cell for cell in cells]
    return cells


def _plain(value: object) -> object:
    if is_dataclass(value):
        fields = [(name, getattr(value, name)) for name in value.__dataclass_fields__]
        return {name: _plain(item) for name, item in fields if item or name not in _LEFT_OUT_IF_EMPTY}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return list(value) if _are_plain(value) else [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _are_plain(values: Sequence[object]) -> bool:
    """Return whether nothing in a column of a table, or in another list, needs to be converted."""
    types = set(map(type, values))
    if not types <= _SCALARS:
        return False
    return float not in types or all(math.isfinite(value) for value in values if type(value) is float)


def _widen(schema: object) -> object:
    """Allow the three strings for every number."""
    if isinstance(schema, dict):
        numeric = schema.get("type") == "number"
        inside = {key: _widen(item) for key, item in schema.items() if not (numeric and key == "type")}
        return inside | _NUMBER if numeric else inside
    return [_widen(item) for item in schema] if isinstance(schema, list) else schema


def _require_known_schema(content: object, where: str) -> None:
    """Refuse a report of a newer schema, whatever else differs in it."""
    version = content.get("schema_version") if isinstance(content, dict) else None
    if isinstance(version, int) and version > _SCHEMA_VERSION:
        raise AuditError(
            where=where,
            expected=f"at most {_SCHEMA_VERSION}, the schema of this version of savedmodel-audit",
            found=f"schema_version: {version}",
            fix="install the version that made the report (environment.audit)",
        )


def _not_a_report(where: str, problem: str) -> AuditError:
    return AuditError(
        where=where,
        expected="a report of schema version 1 ('audit schema report' prints it)",
        found=problem,
        fix="run the audit again",
    )
