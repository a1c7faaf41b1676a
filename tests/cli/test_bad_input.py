"""Bad input gets exit 2 and one message: what was expected, what was found, where. Never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.cli import main

from . import bad_data, bad_input, bad_models
from .kit import Kit

Captured = pytest.CaptureFixture[str]
FILES = bad_models.GRAPHS | bad_models.FILES | bad_models.MLFLOW
SPOILT = {**bad_input.MODEL, **FILES, **bad_data.DATA, **bad_input.POLICY}


def one_message(argv: list[str], words: list[str], capsys: Captured) -> None:
    code = main(argv)
    out, err = capsys.readouterr()
    assert code == 2, err
    message = err[err.index("audit: ") :] if "audit: " in err else err
    assert [message.count(part) for part in ("  expected: ", "  found: ")] == [1, 1], err
    assert "Traceback" not in err and out == ""
    for word in words:
        assert word in message, f"{word!r} is not in:\n{message}"
    assert len(message) < 2000 and len(message.splitlines()) <= 5


@pytest.mark.parametrize("case", list(SPOILT))
def test_bad_input(kit: Kit, capsys: Captured, case: str) -> None:
    spoil, words = SPOILT[case]
    spoil(kit)
    one_message(kit.write(), words, capsys)
    assert kit.reports() == []


def test_what_the_cases_spoil_passes_unspoilt(kit: Kit) -> None:
    """Otherwise a case could be refused for another reason than its own."""
    assert main(kit.write()) == 0
    assert kit.reports() == ["report.html", "report.json"]


@pytest.mark.parametrize("case", list(bad_input.USAGE))
def test_wrong_usage(kit: Kit, capsys: Captured, case: str) -> None:
    options, words = bad_input.USAGE[case]
    one_message(kit.write() + options, words, capsys)


def test_no_policy_at_all(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one_message(["run"], ["audit.yaml", "a policy file", "no such file"], capsys)
    one_message(["run", str(tmp_path)], [str(tmp_path), "a directory"], capsys)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--model", "m"], ["no --data", "no --label"]),
        (["--protected", "sex=Male"], ["no --model"]),
        (["--model", "m", "--data", "d", "--label", "l", "--protected", "sex"], ["NAME=PRIVILEGED", "'sex'"]),
    ],
)
def test_flags_that_are_not_enough(
    tmp_path: Path, capsys: Captured, flags: list[str], words: list[str]
) -> None:
    one_message(["run", *flags, "--out", str(tmp_path / "out")], words, capsys)


@pytest.mark.parametrize("argv", [["run", "--nonsense"], ["nonsense"], ["run", "--seed", "-1"], ["inspect"]])
def test_usage_that_the_parser_refuses(argv: list[str], capsys: Captured) -> None:
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert err.startswith("audit: ") and len(err.splitlines()) == 1 and out == ""


def test_the_output_directory_cannot_be_a_file(kit: Kit, capsys: Captured) -> None:
    kit.out.write_text("in the way")
    one_message(kit.write(), [str(kit.out), "a directory that can be written"], capsys)


def test_the_previous_report_cannot_be_elsewhere(kit: Kit, capsys: Captured) -> None:
    kit.out.mkdir()
    (kit.out / "previous").symlink_to(kit.folder)
    one_message(kit.write(), [str(kit.out), "'previous' in it is a symbolic link", "--out"], capsys)


def test_debug_shows_the_traceback_and_the_same_message(kit: Kit, capsys: Captured) -> None:
    kit.policy["model"]["path"] = "nowhere"
    assert main([*kit.write(), "--debug"]) == 2
    err = capsys.readouterr().err
    assert "Traceback" in err and err.rstrip().splitlines()[-4].startswith("audit: ")


def test_an_older_report_stays_where_it_is_until_all_is_open(kit: Kit) -> None:
    """A typo moves nothing; once policy, data and model are open, what fails leaves no report in place."""
    kit.out.mkdir()
    (kit.out / "report.json").write_text("older")
    kit.policy["model"]["path"] = "nowhere"
    assert main(kit.write()) == 2
    assert kit.reports() == ["report.json"] and not (kit.out / "previous").exists()
    kit.policy["model"]["path"] = "model"
    kit.frame.loc[7, "b"] = None  # which scoring meets
    (kit.folder / "audit.yaml").unlink()
    assert main(kit.write()) == 2
    assert kit.reports() == [] and (kit.out / "previous" / "report.json").read_text() == "older"


@pytest.mark.parametrize("case", ["no such model", "a truncated saved_model.pb", "missing variables", *FILES])
def test_inspect_tells_the_same(kit: Kit, capsys: Captured, case: str) -> None:
    spoil, words = SPOILT[case]
    spoil(kit)
    one_message(["inspect", str(kit.folder / kit.policy["model"]["path"])], words, capsys)
