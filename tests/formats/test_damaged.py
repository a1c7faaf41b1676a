"""A report that was cut, edited or never was one is refused with one message that says where."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import audit
from audit.cli import main
from audit.errors import AuditError
from audit.formats.json import from_json, read_report, to_json
from audit.result import CheckResult

from .samples import ON, checks, report

WHOLE = to_json(report())

DAMAGED: list[tuple[str | bytes, str]] = [
    ("", "no JSON"),
    ("{", "no JSON"),
    (WHOLE[: len(WHOLE) // 2], "no JSON"),
    (WHOLE + WHOLE, "no JSON: Extra data"),
    ("<html></html>", "no JSON"),
    ("[" * 100_000, "no JSON"),
    ("1" * 5000, "no JSON"),
    ("[]", "the whole: "),
    ("3", "3"),
    ("{}", "verdict: "),
    ("null", "None"),
    (WHOLE.replace('"verdict": "fail"', '"verdict": "passed"'), "verdict: "),
    (WHOLE.replace('"schema_version": 1', '"schema_version": 2'), "schema_version: "),
    (WHOLE.replace('"n": 905', '"n": "many"', 1), ".n: "),
    (WHOLE.replace('"value": 0.9', '"value": null', 1), ".value: "),
    (WHOLE.replace('"value": 0.9', '"value": "high"', 1), ".value: "),
    (WHOLE.replace('"status": "measured"', '"status": "fine"', 1), "checks.0.status: "),
    (WHOLE.replace('"about": "Accuracy by size of the change."', '"about": 3'), ".about: "),
    (re.sub(r'"eps": \[\s*0.0,', '"eps": [', WHOLE), "checks.0.tables.0: "),
    (re.sub(r'"eps": \[\s*0.0,', '"eps": [[0.0],', WHOLE), "checks.0.tables.0.columns.eps.0"),
    (WHOLE.encode("utf-16"), "not UTF-8"),
    (WHOLE.encode() + b"\xff", "not UTF-8"),
]


@pytest.mark.parametrize(("content", "found"), DAMAGED, ids=range(len(DAMAGED)))
def test_damaged(tmp_path: Path, content: str | bytes, found: str) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(AuditError) as error:
        read_report(file)
    assert error.value.where == str(file)
    assert found in error.value.found
    assert len(str(error.value)) < 600


def test_every_cut_is_refused() -> None:
    for end in range(0, len(WHOLE) - 2, 97):
        with pytest.raises(AuditError):
            from_json(WHOLE[:end])


@pytest.mark.parametrize("name", ["none.json", "."])
def test_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(AuditError, match="no such file"):
        read_report(tmp_path / name)


@pytest.mark.parametrize(
    ("counts", "code"),
    [({}, 3), ({"rate": []}, 2), ({"rate": [1.0, 2.0, 3.0]}, 2), ({"other": [1.0, 2.0]}, 2)],
)
def test_counts_that_do_not_fit_the_method_never_decide(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], counts: dict[str, list[float]], code: int
) -> None:
    accuracy = replace(checks()[0].measurements[0], counts=counts)
    found = CheckResult(name="performance", status="measured", measurements=[accuracy])
    (tmp_path / "report.json").write_text(to_json(replace(report(), checks=[found])))
    assert main(["gate", str(tmp_path / "report.json"), "--date", ON.isoformat()]) == code
    assert ("run the audit again" in capsys.readouterr().err) == (code == 2)


def test_unknown_fields_are_left_out() -> None:
    """A report of a later version is read: fields may be added, never renamed."""
    content = json.loads(WHOLE)
    content["later"] = content["model"]["later"] = {"a": 1}
    assert to_json(from_json(json.dumps(content))) == WHOLE
    assert audit.decide(from_json(json.dumps(content)), on=ON).verdict == "fail"
