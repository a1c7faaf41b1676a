"""The JSON Schema of the report: what a run writes validates, and what it never writes does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from audit.cli import main
from audit.formats.json import to_json

from .samples import report


@pytest.fixture
def schema(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["schema", "report"]) == 0
    return json.loads(capsys.readouterr().out)


def changed(path: str, value: object) -> Any:
    made = json.loads(to_json(report()))
    *parents, last = [int(key) if key.isdecimal() else key for key in path.split(".")]
    part = made
    for key in parents:
        part = part[key]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return made


def test_it_is_a_schema(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_a_report_validates(schema: dict[str, Any]) -> None:
    made = json.loads(to_json(report()))
    Draft202012Validator(schema).validate(made)
    assert {"NaN", "Infinity", "-Infinity"} <= {json.dumps(v).strip('"') for v in leaves(made)}


def leaves(value: Any) -> list[Any]:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return [value] if parts is None else [leaf for part in parts for leaf in leaves(part)]


@pytest.mark.parametrize("path", ["later", "model.later", "rules.0.later", "checks.0.measurements.0.later"])
def test_fields_may_be_added(schema: dict[str, Any], path: str) -> None:
    Draft202012Validator(schema).validate(changed(path, "something"))


BAD = [
    ("verdict", "passed"),
    ("verdict", None),
    ("schema_version", 2),
    ("rules.0.status", "ok"),
    ("rules.0.limit.at_least", "high"),
    ("checks.0.status", "unknown"),
    ("checks.0.measurements.0.value", "0.9"),
    ("checks.0.measurements.0.value", "nan"),
    ("checks.0.measurements.0.value", None),
    ("checks.0.measurements.0.n", 1.5),
    ("checks.0.measurements.0.ci", [0.1]),
    ("checks.0.measurements.0.ci", [0.1, 0.2, 0.3]),
    ("checks.0.measurements.0.counts.rate", 3),
    ("checks.0.notes", [3]),
    ("checks.0.tables.0.about", None),
    ("checks.0.tables.0.columns", [[1.0]]),
    ("checks.0.tables.0.columns.eps", 0.1),
    ("checks.0.tables.0.columns.eps", [[0.1]]),
    ("model.output.kind", "softmax"),
    ("model.digest", None),
    ("data.rows", "many"),
    ("policy.effective", []),
]


@pytest.mark.parametrize(("path", "value"), BAD)
def test_what_is_no_report_does_not(schema: dict[str, Any], path: str, value: object) -> None:
    assert not Draft202012Validator(schema).is_valid(changed(path, value))
