"""Tables as people have them, through `audit init` and `audit run`: detected, reported, and damaged without a leak."""

from __future__ import annotations

import json

import pytest

from audit.cli import main

from ..data.readers.forms import texts
from .kit import Kit, rows

SECRET = "secret4711"


def test_init_writes_the_dialect_and_run_reports_it(kit: Kit, capsys: pytest.CaptureFixture[str]) -> None:
    kit.raw(texts(rows())["excel.csv"], "table.csv")
    draft = kit.folder / "draft.yaml"
    assert (
        main(["init", str(kit.model), str(kit.folder / "table.csv"), "--label", "label", "--out", str(draft)])
        == 0
    )
    assert 'csv: {delimiter: ";", decimal: ",", encoding: "utf-16"}' in draft.read_text()
    assert "table.csv was read with data.csv: {delimiter" in capsys.readouterr().out
    assert main(kit.write()) == 0
    report = json.loads((kit.out / "report.json").read_text())
    assert any('table.csv was read with data.csv: {delimiter: ";"' in text for text in report["warnings"])
    assert 'data.csv: {delimiter: ";"' in capsys.readouterr().out


def test_keys_on_the_command_line_decide(kit: Kit, capsys: pytest.CaptureFixture[str]) -> None:
    kit.raw(b"a,sex;race,label;b\n" + b"1,m;w,0;2\n" * 10)
    arguments = kit.write()
    assert main(arguments) == 2
    assert "one delimiter that splits all rows alike" in capsys.readouterr().err
    assert main([*arguments, "--set", "data.csv.delimiter=;"]) == 2
    assert "'race,label'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["german.csv", "utf16.csv", "gzip.csv.gz", "zstd.csv.zst", "lines.jsonl"])
def test_a_damaged_table_is_one_message_without_values(
    kit: Kit, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    whole = texts(rows().assign(note=[f"{SECRET}{row:06}" for row in range(300)]))[name]
    line = whole.rfind(b"\n", 0, len(whole) * 2 // 3)  # of text, the next row is cut in its first value
    kit.raw(whole[: line + 6 if name.endswith(("csv", "jsonl")) else len(whole) * 2 // 3], name)
    arguments = kit.write()
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.err.count("expected:") == 1 and name in printed.err and "row" in printed.err
    assert main([*arguments, "--debug"]) == 2
    traced = capsys.readouterr()
    assert "Traceback" in traced.err and SECRET not in printed.err + printed.out + traced.err + traced.out
