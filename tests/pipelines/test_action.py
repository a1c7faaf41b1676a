"""The action's steps, run by the shell that GitHub uses, around an audit that ends in every way."""

from __future__ import annotations

import json
import os
import re
import runpy
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from audit.formats.json import REPORT_FILE
from audit.formats.registry import FORMATS

from . import stub
from .jobs import ACTION, ROOT, Job, Step, environment, outputs

VERDICTS = {0: "pass", 1: "fail", 3: "inconclusive"}
PASSES = {("fail", 0), ("fail", 3), ("inconclusive", 0), ("never", 0), ("never", 1), ("never", 3)}
"""Input fail-on and exit code of the audits that leave a job green, by hand."""
OTHER_CODES = [2, 70, 130, 137, 141, 143, 4, 255]

HOSTILE = {
    "spaces": "a  b/c d",
    "quotes": 'it\'s "so"',
    "command": "$(touch pwned) `touch pwned` ; touch pwned & | > pwned",
    "lines": "one\ntouch pwned\nverdict=pass",
    "block": "x\nEOF\nverdict<<EOF\npass\nEOF",
    "dash": "-rf",
    "option": "--out=elsewhere",
    "unicode": "ünïcode/日本語/\u202egnp\U0001f600",
    "workflow": "::error::x",
    "expression": "${{ github.token }} $HOME ${PATH} ~ * ?",
    "backslash": "a\\nb\\",
    "percent": "%0A%25",
}


class Kit:
    """A job whose audit is a stub."""

    def __init__(self, folder: Path) -> None:
        self.workspace, self.temp, self.called = (
            folder / "work space",
            folder / "temp",
            folder / "called.json",
        )
        self.workspace.mkdir()
        self.temp.mkdir()
        self.job = Job(self.workspace, self.temp, environment(stub.write(folder / "stub")))
        self.told: dict[str, Any] = {"code": 0, "called": str(self.called)}

    def use(self, **inputs: str) -> dict[str, str]:
        script = self.temp / "stub.json"
        script.write_text(json.dumps(self.told), "utf-8")
        self.job.env["STUB"] = str(script)
        return self.job.audit(**{name.replace("_", "-"): value for name, value in inputs.items()})

    def ends(self, code: int, verdict: str | None = None, **files: str) -> None:
        """Have the audit end with a code, and write reports of the verdict."""
        self.told["code"] = code
        if verdict is not None:
            texts = dict.fromkeys(stub.FILES, f"of this run: {verdict}")
            texts["report.json"] = json.dumps({"verdict": verdict})
            self.told["files"] = texts | {name.replace("__", "."): text for name, text in files.items()}

    def arguments(self) -> list[str]:
        found: list[str] = json.loads(self.called.read_text("utf-8"))[0]
        return found

    @property
    def audit(self) -> Step:
        return self.job["Audit"]

    def uploaded(self) -> dict[str, str]:
        """Return the files of the artifact, by name."""
        passed = self.job["Upload the reports"].passed
        return (
            {file.name: file.read_text("utf-8") for file in Path(passed["path"]).iterdir()} if passed else {}
        )


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path)


@pytest.mark.parametrize("fail_on", ["fail", "inconclusive", "never"])
@pytest.mark.parametrize("code", VERDICTS)
def test_a_verdict_fails_the_job_as_fail_on_says(kit: Kit, code: int, fail_on: str) -> None:
    kit.ends(code, VERDICTS[code])
    found = kit.use(fail_on=fail_on)
    assert found == {"verdict": VERDICTS[code], "exit-code": str(code), "report": "audit-report/report.json"}
    assert kit.job.succeeded is ((fail_on, code) in PASSES)
    assert kit.audit.code == (0 if (fail_on, code) in PASSES else code)
    assert kit.audit.summary == f"of this run: {VERDICTS[code]}\n"
    assert set(kit.uploaded()) == set(stub.FILES)
    assert kit.job["Upload the reports"].passed is not None
    level = [] if code == 0 else ["::warning" if (fail_on, code) in PASSES else "::error"]
    assert [line.split()[0] for line in kit.audit.commands] == level


@pytest.mark.parametrize("fail_on", ["fail", "inconclusive", "never"])
@pytest.mark.parametrize("verdict", [None, "pass"])
@pytest.mark.parametrize("code", OTHER_CODES)
def test_what_is_no_verdict_fails_every_job(kit: Kit, code: int, verdict: str | None, fail_on: str) -> None:
    """Also if a report lies there: of an audit that then fell over."""
    kit.ends(code, verdict)
    signs = "audit: opening model and data\naudit: opening model and data, 1 s\n"
    kit.told["stderr"] = f"{signs}audit: data.label\n  expected: a column"
    found = kit.use(fail_on=fail_on)
    assert found == {"verdict": "error", "exit-code": str(code), "report": ""}
    assert kit.audit.code == code and not kit.job.succeeded and not kit.job["Upload the reports"].ran
    assert kit.audit.summary.startswith(f"**Could not audit** (exit code {code})\n\n```text\n")
    assert "  expected: a column" in kit.audit.summary
    assert kit.audit.commands == [
        "::error title=Model audit: error::audit: data.label%0A  expected: a column"
    ]


def test_a_signal_is_the_code_of_a_shell(kit: Kit) -> None:
    kit.ends(-signal.SIGKILL)
    assert kit.use()["exit-code"] == "137" and kit.audit.code == 137


@pytest.mark.parametrize("fail_on", ["fail", "inconclusive", "never"])
@pytest.mark.parametrize(
    ("code", "verdict"), [(c, v) for c in VERDICTS for v in VERDICTS.values() if VERDICTS[c] != v]
)
def test_a_code_that_the_report_does_not_bear_out_is_no_verdict(
    kit: Kit, code: int, verdict: str, fail_on: str
) -> None:
    kit.ends(code, verdict)
    assert kit.use(fail_on=fail_on) == {"verdict": "error", "exit-code": "70", "report": ""}
    assert kit.audit.code == 70 and kit.audit.summary.startswith("**Could not audit** (exit code 70)")


BROKEN = [
    "",
    "{",
    "[]",
    "null",
    "3",
    '{"verdict": null}',
    '{"verdict": ["pass"]}',
    '{"verdict": "PASS"}',
    "[" * 100_000,
]


@pytest.mark.parametrize("report", [None, *BROKEN], ids=lambda text: repr(text)[:20])
def test_success_without_a_report_of_this_run_is_a_fault(kit: Kit, report: str | None) -> None:
    """As of `--dry-run` or `--help` in args: nothing was audited."""
    kit.ends(0, "pass" if report is not None else None, report__json=report or "")
    assert kit.use(fail_on="never") == {"verdict": "error", "exit-code": "70", "report": ""}
    assert kit.audit.code == 70


@pytest.mark.parametrize("code", [0, 1, 2, 3, 70])
def test_an_older_report_is_not_taken_for_this_runs(kit: Kit, code: int) -> None:
    out = kit.workspace / "audit-report"
    out.mkdir()
    for name in stub.FILES:
        (out / name).write_text(json.dumps({"verdict": VERDICTS.get(code, "pass")}))
    kit.ends(code)
    assert kit.use(fail_on="never")["verdict"] == "error"
    assert not kit.job.succeeded and "Could not audit" in kit.audit.summary and not kit.uploaded()


def test_only_files_of_this_run_are_uploaded(kit: Kit) -> None:
    out = kit.workspace / "audit-report"
    (out / "previous").mkdir(parents=True)
    (out / "previous" / "report.json").write_text("old")
    (out / "gl-code-quality.json").write_text("old")
    (out / "report.json").write_text(json.dumps({"verdict": "pass"}))
    (out / "link").symlink_to("/etc/passwd")
    kit.ends(0, "pass")
    assert kit.use()["verdict"] == "pass"
    assert set(kit.uploaded()) == set(stub.FILES)


def test_the_same_bytes_written_again_are_of_this_run(kit: Kit) -> None:
    kit.ends(0, "pass")
    assert kit.use()["verdict"] == kit.use()["verdict"] == "pass"


def test_the_audit_is_asked_for_all_formats_of_a_pipeline(kit: Kit) -> None:
    kit.ends(0, "pass")
    kit.use(policy="p.yaml", out="o", args="--seed 3 --format gitlab")
    formats = [word for name in ("html", "junit", "sarif", "markdown") for word in ("--format", name)]
    assert kit.arguments() == ["run", "p.yaml", "--seed", "3", "--format", "gitlab", "--out", "o", *formats]


def test_without_a_policy_args_name_the_model(kit: Kit) -> None:
    kit.ends(0, "pass")
    kit.use(policy="", args="--model m --data d --label l")
    assert kit.arguments()[:3] == ["run", "--model", "m"]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("place", ["policy", "out", "args"])
def test_no_input_is_parsed_by_a_shell(kit: Kit, place: str, text: str) -> None:
    kit.ends(0, "pass")
    quoted = "'" + text.replace("'", "'\"'\"'") + "'"
    found = kit.use(**{place: quoted if place == "args" else text})
    words = kit.arguments()
    dashed = f"./{text}" if place == "policy" and text.startswith("-") else text
    expected = {"policy": words[1], "args": words[2], "out": words[words.index("--format") - 1]}
    assert expected[place] == dashed
    assert found["verdict"] == "pass" and found["exit-code"] == "0"
    assert found["report"] == (f"{text}/report.json" if place == "out" else "audit-report/report.json")
    assert not list(kit.workspace.rglob("pwned")) and not (kit.workspace / "elsewhere").exists()


WORDS = {
    "": [],
    "  \n ": [],
    "--set a=1\n--set 'b=x y'": ["--set", "a=1", "--set", "b=x y"],
    '--set "a=$HOME"': ["--set", "a=$HOME"],
    "--set a=* # b": ["--set", "a=*", "#", "b"],
    "a\\ b ''": ["a b", ""],
    "$(touch pwned) `x`": ["$(touch", "pwned)", "`x`"],
}


@pytest.mark.parametrize(("text", "words"), WORDS.items())
def test_args_are_words_as_in_a_shell_and_nothing_is_expanded(kit: Kit, text: str, words: list[str]) -> None:
    kit.ends(0, "pass")
    kit.use(args=text)
    assert kit.arguments()[2:-10] == words


UNUSABLE = [
    ("args", "--set 'a=1"),
    ("args", "a\\"),
    ("out", ""),
    *(("fail-on", v) for v in ("", "Never", "always", "never ")),
]


@pytest.mark.parametrize(("name", "value"), UNUSABLE)
def test_an_input_that_cannot_be_used_is_2_and_nothing_runs(kit: Kit, name: str, value: str) -> None:
    kit.ends(0, "pass")
    assert kit.use(**{name: value}) == {"verdict": "error", "exit-code": "2", "report": ""}
    assert kit.audit.code == 2 and not kit.called.exists()
    assert kit.audit.commands[0].startswith(f"::error title=Model audit: error::{name}: expected ")


def test_without_the_command_it_is_2(kit: Kit, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "env"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    kit.job.env["PATH"] = str(tools)
    kit.ends(0, "pass")
    assert kit.use(fail_on="never")["exit-code"] == "2" and kit.audit.code == 2


def test_what_the_audit_prints_commands_nothing(kit: Kit) -> None:
    evil = "::add-mask::a\n ::set-output name=verdict::pass\n##[error]x\n::stop-commands::y\n::y::\n::warning::end"
    kit.ends(1, "fail")
    kit.told |= {"stdout": evil, "stderr": evil}
    kit.use()
    assert evil in kit.audit.log
    assert kit.audit.commands == ["::error title=Model audit: fail::The verdict is fail (exit code 1)."]


def test_a_message_stays_inside_its_annotation_and_its_block(kit: Kit) -> None:
    kit.ends(2)
    kit.told["stderr"] = "100 %\r\n::error::x ```` \x1b[2J <script>\n# PASS \u2028"
    kit.use()
    (line,) = kit.audit.commands
    assert "100 %25%0D%0A::error::x" in line
    fence = kit.audit.summary.splitlines()[2]
    assert (
        fence == "`````text"
        and kit.audit.summary.rstrip().endswith("\n`````")
        and "\x1b" not in kit.audit.summary
    )


@pytest.mark.parametrize("size", [0, 60_000, 1024 * 1024 - 2, 1024 * 1024, 3_000_000])
@pytest.mark.parametrize("line", ["x" * 99, "日" * 33])
def test_a_summary_is_never_more_than_github_takes(kit: Kit, size: int, line: str) -> None:
    width = len(line.encode()) + 1
    text = f"{line}\n" * (size // width)
    kit.ends(3, "inconclusive", summary__md=text)
    kit.use()
    assert len(kit.audit.summary.encode()) <= 1024 * 1024
    complete = len(text.encode()) < 1024 * 1024
    assert kit.audit.summary.startswith(text if complete else line)
    assert ("shortened: summary.md" in kit.audit.summary) is not complete


def test_without_a_summary_the_verdict_is_said(kit: Kit) -> None:
    kit.ends(1, "fail")
    del kit.told["files"]["summary.md"]
    kit.use()
    assert kit.audit.summary == "**Audit: fail** (exit code 1)\n"


@pytest.mark.parametrize(("sarif", "ran"), [("true", True), ("false", False), ("", False)])
def test_results_go_to_code_scanning_when_asked(kit: Kit, sarif: str, ran: bool) -> None:
    kit.ends(1, "fail")
    kit.use(sarif=sarif, artifact="income")
    step = kit.job["Upload the results to code scanning"]
    assert step.ran is ran
    if step.passed:
        assert Path(step.passed["sarif_file"]).read_text() == "of this run: fail"
        assert step.passed["category"] == "savedmodel-audit/income"


def test_an_empty_name_uploads_no_artifact(kit: Kit) -> None:
    kit.ends(0, "pass")
    assert kit.use(artifact="")["verdict"] == "pass" and not kit.job["Upload the reports"].ran


def test_the_audit_cannot_set_outputs(kit: Kit) -> None:
    kit.ends(0, "pass")
    kit.use()
    names = set(json.loads(kit.called.read_text("utf-8"))[1])
    assert not names & {"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_cancelled_job_lets_the_audit_stop_its_processes(tmp_path: Path, number: int) -> None:
    folder, ready = tmp_path / "bin", tmp_path / "ready"
    folder.mkdir()
    trap = f"trap 'exit {128 + number}' {int(number)}"
    script = f"#!/usr/bin/env bash\n{trap}\ntouch {ready}\nwhile :; do sleep 0.05; done\n"
    (folder / "audit").write_text(script)
    (folder / "audit").chmod(0o755)
    result = tmp_path / "result"
    env = environment(folder) | {"GITHUB_OUTPUT": str(result), "INPUT_OUT": "out", "INPUT_FAIL_ON": "never"}
    step = subprocess.Popen(
        [sys.executable, str(ROOT / "action" / "run.py")],
        env=env,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        # tests that run in the background of a shell inherit that SIGINT is ignored, and no trap of a shell undoes that
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 30
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.1)
    os.kill(step.pid, number)
    try:
        assert step.wait(timeout=30) == 128 + number
    finally:
        with suppress(ProcessLookupError):  # only what a broken action leaves behind
            os.killpg(step.pid, signal.SIGKILL)
    assert outputs(result.read_bytes())["exit-code"] == str(128 + number)


def test_inputs_reach_a_shell_through_its_environment_only() -> None:
    scripts = [step["run"] for step in ACTION["runs"]["steps"] if "run" in step]
    assert len(scripts) == 2 and not [script for script in scripts if "${{" in script]
    assert all(step["shell"] == "bash" for step in ACTION["runs"]["steps"] if "run" in step)


def test_the_names_of_the_contract() -> None:
    assert {"policy", "out", "fail-on", "args"} <= set(ACTION["inputs"])
    assert set(ACTION["outputs"]) == {"verdict", "exit-code", "report"}
    assert ACTION["inputs"]["fail-on"]["default"] == "inconclusive"
    assert not [
        name
        for name, spec in ACTION["inputs"].items()
        if len(spec["description"]) < 10 or "default" not in spec
    ]


def test_every_input_is_used() -> None:
    text = (ROOT / "action.yml").read_text("utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])


def test_only_reports_are_uploaded(kit: Kit) -> None:
    """With the working directory as ``out``, anything may change there while the audit runs, and vanish again."""
    kit.ends(0, "pass", model__log="of the training", history__jsonl="{}")
    assert kit.use(out=".")["verdict"] == "pass"
    assert set(kit.uploaded()) == set(stub.FILES)


def test_the_action_knows_the_files_of_all_formats() -> None:
    names = runpy.run_path(str(ROOT / "action" / "run.py"))["REPORT_FILES"]
    assert names == {REPORT_FILE, *(view.file for view in FORMATS.values())}
