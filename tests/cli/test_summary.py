"""What is printed beside the verdict: nothing that was left out passes unsaid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from audit.cli import main
from audit.cli.plain_text import plain

from ..audits import people, store
from ..conftest import Models
from . import plugins
from .kit import Kit


@pytest.fixture
def flags(tmp_path: Path, model: Models, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    data = store(people(400, 0).assign(number=range(400)), tmp_path, "table.csv")
    inputs = ["--set", "model.inputs.x=score", "--set", "model.output=probabilities"]
    return ["run", "--model", str(model("given")), "--data", str(data), "--label", "label", *inputs]


def test_a_skipped_check_is_said(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main(flags)
    out = capsys.readouterr().out
    assert (
        "note    the check fairness was skipped: no protected attribute is listed under data.protected" in out
    )
    assert "note    the default rules were used" in out


def test_a_check_that_is_off_is_said(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main([*flags, "--protected", "sex=Male", "--set", "checks.fairness=false"])
    assert "note    the policy turns off the check fairness" in capsys.readouterr().out


def test_a_slow_plug_in_is_named_with_its_seconds(
    kit: Kit, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plugins.install(monkeypatch, plugins.Fine)
    monkeypatch.setattr("audit.cli.summary.MIN_SLOW_SECONDS", 0.0)
    monkeypatch.setattr("audit.cli.summary.MAX_SHARE", 0.0)
    assert main(kit.write()) == 0
    assert re.search(
        r"note    the plug-in check fine took 0 of the audit's \d+ seconds", capsys.readouterr().out
    )
    monkeypatch.undo()
    plugins.install(monkeypatch, plugins.Fine)
    assert main(kit.write()) == 0
    assert "plug-in" not in capsys.readouterr().out


def test_a_numeric_attribute_has_to_be_binned(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*flags, "--protected", "number=30"]) == 2
    assert "bins: [25, 60]" in capsys.readouterr().err


def test_an_attribute_is_given_once(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*flags, "--protected", "sex=Male", "--protected", "sex=Female"]) == 2
    assert "sex=A|B" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("性別" * 5, "性別" * 5),
        ("性別" * 6, "性別" * 4 + "性" + "…"),
        ("n" * 21, "n" * 19 + "…"),
        ("e\u0301" * 10, "e\u0301" * 10),
        ("e" + "\u0301" * 4000, "e" + "\u0301" * 4 + "·" * 14 + "…"),
        ("\x1b[31m\r\n\u202e", "·[31m···"),
    ],
)
def test_names_keep_to_their_columns_and_their_line(text: str, shown: str) -> None:
    assert plain(text, 20) == shown


def test_every_character_of_a_name_stays_on_its_line() -> None:
    """One character in its place, or a dot for it; whatever breaks a line anywhere is such a dot."""
    for code in range(0x110000):
        shown = plain(f"a{chr(code)}b")
        assert len(shown) == 3 and shown[::2] == "ab"
        assert shown[1] in (chr(code), "·") and len(shown.splitlines()) == 1
