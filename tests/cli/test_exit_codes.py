"""Every exit code, by what really leads to it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from audit import runner
from audit.check import Check
from audit.cli import main

from . import plugins
from .kit import STARTED, Kit, message

Captured = pytest.CaptureFixture[str]


def report(kit: Kit) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((kit.out / "report.json").read_text())
    return found


def statuses(kit: Kit) -> dict[str, str]:
    return {check["name"]: check["status"] for check in report(kit)["checks"]}


@pytest.mark.parametrize(
    ("least", "code", "verdict"), [(0.2, 0, "pass"), (0.99, 1, "fail"), ("null", 3, "inconclusive")]
)
def test_verdicts(kit: Kit, capsys: Captured, least: object, code: int, verdict: str) -> None:
    change = "gate.rules=[]" if least == "null" else f"gate.rules.0.at_least={least}"
    assert main([*kit.write(), "--set", change]) == code
    out = capsys.readouterr().out
    assert out.startswith(verdict.upper()) and str(kit.out / "report.html") in out
    assert report(kit)["verdict"] == verdict


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        (plugins.Crash, "ZeroDivisionError: a fault of the plug-in"),
        (plugins.Leave, "SystemExit: 0"),
        (plugins.Undeclared, "undeclared.other.number"),
        (plugins.Uneven, "differ in length: {'size': 2, 'rate': 0}"),
    ],
)
def test_a_crashed_check_leaves_the_others_and_is_3(
    kit: Kit, capsys: Captured, monkeypatch: pytest.MonkeyPatch, check: type[Check], reason: str
) -> None:
    plugins.install(monkeypatch, check, plugins.Fine)
    name = check.__name__.lower()
    kit.policy["gate"]["rules"].append({"metric": f"{name}.number", "at_least": 0})
    assert main(kit.write()) == 3
    assert statuses(kit) == {
        "performance": "measured",
        "fairness": "measured",
        name: "crashed",
        "fine": "measured",
    }
    (crashed,) = [c for c in report(kit)["checks"] if c["name"] == name]
    assert reason in crashed["reason"] and crashed["measurements"] == []
    assert [rule["status"] for rule in report(kit)["rules"]] == ["pass", "pass", "inconclusive"]
    seen = capsys.readouterr()
    assert f"the check {name} crashed" in seen.err and "Traceback" not in seen.err


def test_a_crash_without_a_rule_on_it_is_still_3(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins.install(monkeypatch, plugins.Crash)
    assert main(kit.write()) == 3
    assert [rule["status"] for rule in report(kit)["rules"]] == ["pass", "pass"]


def test_a_failed_rule_outweighs_a_crash(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins.install(monkeypatch, plugins.Crash)
    assert main([*kit.write(), "--set", "gate.rules.0.at_least=0.99"]) == 1


def test_a_skipped_check_makes_its_rules_inconclusive(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins.install(monkeypatch, plugins.NotHere)
    assert main(kit.write()) == 0
    kit.folder.joinpath("audit.yaml").unlink()
    kit.policy["gate"]["rules"].append({"metric": "nothere.number", "at_least": 0})
    assert main(kit.write()) == 3
    assert "not for this model" in report(kit)["rules"][2]["reason"]


def test_a_plug_in_that_cannot_be_imported_is_2(
    kit: Kit, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone(plugins.Fine):
        pass

    plugins.install(monkeypatch, Gone)
    assert main(kit.write()) == 2
    assert "plug-in 'gone'" in capsys.readouterr().err


def leaves(*_: object) -> NoReturn:
    sys.exit(0)


def breaks(*_: object) -> NoReturn:
    raise RuntimeError("nobody thought of this")


@pytest.mark.parametrize(
    ("fault", "word"), [(leaves, "ended the process with 0"), (breaks, "nobody thought of this")]
)
def test_faults_of_the_tool_are_70(
    kit: Kit, capsys: Captured, monkeypatch: pytest.MonkeyPatch, fault: Any, word: str
) -> None:
    monkeypatch.setattr(runner, "load_subjects", fault)
    argv = kit.write()
    assert main(argv) == 70
    err = capsys.readouterr().err
    assert word in err and "Traceback" not in err and kit.reports() == []
    assert main([*argv, "--debug"]) == 70
    assert "Traceback" in capsys.readouterr().err


def test_interrupted_is_130(kit: Kit, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins.install(monkeypatch, plugins.Interrupt)
    assert main(kit.write()) == 130
    assert "interrupted" in capsys.readouterr().err and kit.reports() == []


def run(*argv: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "audit", *argv]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_as_a_process_it_says_nothing_but_its_own_words(kit: Kit) -> None:
    """What TensorFlow and AIF360 print when they start reaches neither stream."""
    done = run(*kit.write(), cwd=kit.folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"{STARTED}\n")
    done_steps = ["audit: scoring done", "audit: performance done", "audit: fairness done"]
    assert message(done.stderr).splitlines() == done_steps  # and signs of life
    assert done.stdout.startswith("PASS")


def test_as_a_process_bad_input_is_2(kit: Kit) -> None:
    (kit.model / "saved_model.pb").write_bytes(b"\x0a\xff")
    done = run(*kit.write(), cwd=kit.folder)
    assert done.returncode == 2 and done.stdout == ""
    lines = message(done.stderr).splitlines()
    assert lines[0].startswith("audit: ") and len(lines) == 4, done.stderr


def test_as_a_process_a_failed_gate_is_1(kit: Kit) -> None:
    done = run(*kit.write(), "--set", "gate.rules.0.at_least=0.99", "--quiet", cwd=kit.folder)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


@pytest.mark.parametrize("closed", [("stdout",), ("stdout", "stderr")])
@pytest.mark.parametrize("argv", [["--help"], ["checks"], ["schema", "policy"]])
def test_a_reader_that_has_gone_ends_it_quietly_with_141(
    tmp_path: Path, argv: list[str], closed: tuple[str, ...]
) -> None:
    """As `audit checks | head -1` does: with short and with long output."""
    done = into_a_closed_pipe(*argv, cwd=tmp_path, closed=closed)
    assert (done.returncode, done.stdout or "", done.stderr or "") == (141, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("argv", [["--help"], ["checks"], ["schema", "policy"]])
def test_an_output_that_cannot_be_written_is_2_not_the_code_of_a_failed_gate(
    tmp_path: Path, argv: list[str]
) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "audit", *argv]
        done = subprocess.run(
            command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and "cannot be written: [Errno 28]" in done.stderr


STREAMS = {
    ">&-": 2, ">&- 2>&-": 2, ">/dev/full 2>&1": 2, "2>&-": 0, "2>/dev/full": 0, "<&-": 0, "<&- >&- 2>&-": 2,
}  # fmt: skip
"""Redirections of a shell, and the exit code of a command that prints."""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("argv", ["--help", "checks"])
@pytest.mark.parametrize(("streams", "code"), STREAMS.items())
def test_a_closed_or_full_stream_is_no_verdict_and_no_fault(
    tmp_path: Path, argv: str, streams: str, code: int
) -> None:
    """What cannot be shown costs the result; what cannot be said on stderr is lost, and the exit code stands."""
    done = in_shell([argv], streams, tmp_path)
    assert done.returncode == code and "Traceback" not in done.stderr + done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("streams", ["2>&-", "2>/dev/full", ">&- 2>&-"])
def test_an_error_that_cannot_be_said_keeps_its_exit_code(tmp_path: Path, streams: str) -> None:
    assert in_shell(["gate", "nothing.json"], streams, tmp_path).returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize(
    ("streams", "code"), [("2>&-", 0), ("2>/dev/full", 0), (">&-", 2), (">/dev/full", 2)]
)
def test_an_audit_whose_progress_nobody_can_read_keeps_its_verdict(kit: Kit, streams: str, code: int) -> None:
    done = in_shell(kit.write(), streams, kit.folder)
    assert done.returncode == code, done.stderr
    assert report(kit)["verdict"] == "pass" and "fault of the tool" not in done.stderr


def test_nor_does_it_lose_the_verdict_when_the_reader_of_its_progress_goes(kit: Kit) -> None:
    command = [sys.executable, "-m", "audit", *kit.write()]
    running = subprocess.Popen(command, cwd=kit.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stdout and running.stderr
    with running:
        running.stderr.readline()
        running.stderr.close()
        assert running.stdout.read().startswith(b"PASS")
    assert running.returncode == 0 and report(kit)["verdict"] == "pass"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize(
    "argv", [["gate", "nothing.json"], ["run", "nothing.yaml"], ["run", "--no-option"], ["init"]]
)
def test_a_full_stdout_adds_nothing_to_an_error(tmp_path: Path, argv: list[str]) -> None:
    done = in_shell(argv, ">/dev/full", tmp_path)
    assert done.returncode == 2
    assert message(done.stderr) == message(in_shell(argv, "", tmp_path).stderr)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("streams", ["<&- >&- 2>&-", ">/dev/full"])
def test_a_stdout_that_takes_nothing_costs_nothing_where_nothing_is_printed(kit: Kit, streams: str) -> None:
    done = in_shell([*kit.write(), "--quiet"], streams, kit.folder)
    assert done.returncode == 0 and report(kit)["verdict"] == "pass"


def in_shell(argv: list[str], streams: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run with the redirections ``streams`` of bash, which can close a stream."""
    command = shlex.join([sys.executable, "-m", "audit", *argv])
    line = ["bash", "-c", f"{command} {streams}"]
    return subprocess.run(line, cwd=cwd, capture_output=True, text=True, check=False)


def test_an_error_that_nobody_reads_is_141_as_well(tmp_path: Path) -> None:
    done = into_a_closed_pipe("inspect", "nothing", cwd=tmp_path, closed=("stderr",))
    assert (done.returncode, done.stdout) == (141, "")


def into_a_closed_pipe(*argv: str, cwd: Path, closed: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run with the streams ``closed`` going to a pipe whose reader has gone already."""
    reader, writer = os.pipe()
    os.close(reader)
    streams = {name: writer if name in closed else subprocess.PIPE for name in ("stdout", "stderr")}
    command = [sys.executable, "-m", "audit", *argv]
    try:
        return subprocess.run(
            command, cwd=cwd, stdout=streams["stdout"], stderr=streams["stderr"], text=True, check=False
        )
    finally:
        os.close(writer)
