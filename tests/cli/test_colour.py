"""Colour of the verdict: on a terminal only, and never green for anything but a pass."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from audit.cli.colour import of_stdout
from audit.cli.summary import summary
from audit.formats.json import to_json
from audit.result import Verdict

from ..formats.samples import report

ROOT = Path(__file__).parents[2]
ESCAPE = "\x1b["
GREEN = "\x1b[1;32m"


def printed(folder: Path, terminal: bool, **environment: str) -> str:
    """Return what `audit gate` prints on a terminal, or into a pipe."""
    (folder / "report.json").write_text(to_json(report()))
    command = [sys.executable, "-m", "audit", "gate", str(folder / "report.json")]
    names = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    own = {**names, "TERM": "xterm", "PYTHONPATH": str(ROOT), **environment}
    if not terminal:
        return subprocess.run(command, env=own, capture_output=True, text=True).stdout
    outside, inside = pty.openpty()
    with subprocess.Popen(command, env=own, stdout=inside, stderr=subprocess.PIPE) as process:
        os.close(inside)
        text = b""
        try:
            while part := os.read(outside, 65536):
                text += part
        except OSError:  # how a terminal says that the other end is closed
            pass
        os.close(outside)
        process.communicate()
    return text.decode().replace("\r\n", "\n")


def test_a_terminal_has_colours(tmp_path: Path) -> None:
    text = printed(tmp_path, terminal=True)
    assert text.startswith("\x1b[1;31mFAIL\x1b[0m: ")
    assert re.sub(r"\x1b\[[0-9;]*m", "", text) == printed(tmp_path, terminal=False)


@pytest.mark.parametrize(
    ("terminal", "environment"),
    [(False, {}), (True, {"NO_COLOR": "1"}), (True, {"TERM": "dumb"}), (False, {"NO_COLOR": "1"})],
)
def test_nothing_else_has(tmp_path: Path, terminal: bool, environment: dict[str, str]) -> None:
    assert ESCAPE not in printed(tmp_path, terminal, **environment)


def test_an_empty_no_color_is_none(tmp_path: Path) -> None:
    assert ESCAPE in printed(tmp_path, terminal=True, NO_COLOR="")


@pytest.mark.parametrize("verdict", ["pass", "fail", "inconclusive"])
def test_only_a_pass_is_green(monkeypatch: pytest.MonkeyPatch, verdict: Verdict) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    decided = replace(report(), verdict=verdict)
    lines = list(summary(decided, decided, style=of_stdout()))
    assert (GREEN in lines[0]) == (verdict == "pass") and ESCAPE in lines[0]
    for line in lines[1:]:
        assert GREEN not in line or line.startswith(f"  {GREEN}pass")
