"""What a run prints on stderr besides its result: progress and crashes."""

from __future__ import annotations

import pytest

from audit.cli.progress import observers

Captured = pytest.CaptureFixture[str]
TRACEBACK = "Traceback (most recent call last):\n  File x\nValueError: \x1b[31mred\n"


@pytest.mark.parametrize("quiet", [False, True])
def test_a_crash_is_one_line_without_terminal_escapes(capsys: Captured, quiet: bool) -> None:
    with observers(quiet, debug=False) as callbacks:
        callbacks.crash("mine", TRACEBACK)
    assert capsys.readouterr().err == "audit: the check mine crashed: ValueError: ·[31mred\n"


def test_debug_shows_the_whole_traceback(capsys: Captured) -> None:
    with observers(quiet=False, debug=True) as callbacks:
        callbacks.crash("mine", TRACEBACK)
    assert TRACEBACK in capsys.readouterr().err


@pytest.mark.parametrize(("quiet", "printed"), [(False, "audit: scoring done\n"), (True, "")])
def test_progress_is_a_line_for_each_finished_step(capsys: Captured, quiet: bool, printed: str) -> None:
    with observers(quiet, debug=False) as callbacks:
        callbacks.progress("scoring", 5, 10)
        callbacks.progress("scoring", 10, 10)
    assert capsys.readouterr().err == printed
