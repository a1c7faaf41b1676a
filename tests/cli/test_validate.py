"""`audit validate`: what a policy alone can be refused for, without its model and data."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.cli import main

POLICY = """\
version: 1
model: {path: nowhere}
data: {path: nowhere.csv, label: y}
gate: {rules: [{metric: performance.accuracy, at_least: 0.8}]}
"""
REFUSED = {
    "unknown key": (POLICY + "gatee: 1\n", "gatee"),
    "unknown metric": (POLICY.replace("accuracy", "acuracy"), "did you mean 'performance.accuracy'?"),
    "unknown check": (POLICY + "checks: {fairnes: {}}\n", "checks.fairnes"),
    "limit that no value meets": (POLICY.replace("0.8", "8"), "between 0 and 1"),
    "no YAML": ("a: [", "expected:"),
    "empty": ("", "expected:"),
}


def written(folder: Path, text: str, name: str = "audit.yaml") -> str:
    (folder / name).write_text(text, "utf-8")
    return str(folder / name)


def test_a_valid_policy_needs_neither_model_nor_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", written(tmp_path, POLICY)]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/audit.yaml: valid, 1 rule\n"


def test_of_a_policy_without_rules_it_is_said_that_no_audit_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = "version: 1\nmodel: {path: m}\ndata: {path: d.csv, label: y}\ngate: {rules: []}\n"
    assert main(["validate", written(tmp_path, policy)]) == 0
    assert capsys.readouterr().out.endswith(": valid, but without rules no audit passes\n")


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_another_is_2_with_its_file_and_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    assert main(["validate", written(tmp_path, text)]) == 2
    seen = capsys.readouterr()
    assert seen.out == "" and seen.err.startswith(f"audit: {tmp_path}/audit.yaml") and words in seen.err
    assert seen.err.count(str(tmp_path)) == 1


def test_each_of_several_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [written(tmp_path, "", "bad.audit.yaml"), written(tmp_path, POLICY), str(tmp_path / "none.yaml")]
    assert main(["validate", *files]) == 2
    seen = capsys.readouterr()
    assert seen.out == f"{tmp_path}/audit.yaml: valid, 1 rule\n"
    assert "bad.audit.yaml" in seen.err and "none.yaml" in seen.err


def test_quiet_says_nothing_of_a_valid_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--quiet", written(tmp_path, POLICY)]) == 0
    assert capsys.readouterr() == ("", "")


def test_without_a_name_it_is_audit_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["validate"]) == 2
    written(tmp_path, POLICY)
    assert main(["validate"]) == 0
