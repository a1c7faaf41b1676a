"""The snippets of docs/ci.md: each against its schema, and its script run, as far as that can be done here."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from . import stub
from .jobs import ACTION, ROOT, SHELL, environment, load
from .test_workflows import linted, schema_problems

PAGE = (ROOT / "docs" / "ci.md").read_text("utf-8")
SNIPPETS = re.findall(r"<!-- check: (.+?) -->\n```\w+\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
CODES = [0, 1, 2, 3, 70, 130]
HOOKS = load(ROOT / ".pre-commit-hooks.yaml")


def of(kind: str) -> list[str]:
    return [text for checks, text in SNIPPETS if kind in checks.split()]


def steps() -> list[dict[str, Any]]:
    jobs = [job for text in of("workflow") for job in load_text(text)["jobs"].values()]
    return [step for job in jobs for step in job["steps"]]


def scripts() -> list[tuple[str, str]]:
    """Return the scripts of the snippets that run an audit, with the shell's options that the runner gives them."""
    runs = [step["run"] for step in steps() if "audit run" in step.get("run", "")]
    found = [("github", run) for run in runs]
    found += [("gitlab", "\n".join(load_text(text)["audit"]["script"])) for text in of("gitlab")]
    found += [("jenkins", re.findall(r"sh '''(.*?)'''", text, flags=re.DOTALL)[0]) for text in of("jenkins")]
    return found + [("shell", text) for text in of("shell")]


OPTIONS = {"github": SHELL[1:], "gitlab": ["-eo", "pipefail"], "jenkins": ["-xe"], "shell": []}


def load_text(text: str) -> Any:
    return YAML(typ="safe").load(text)


def test_every_snippet_has_its_check() -> None:
    assert len(SNIPPETS) == len(re.findall(r"^```\w+$", PAGE, flags=re.MULTILINE))
    assert [name for name, _ in scripts()] == ["github", "gitlab", "jenkins", "shell"]


@pytest.mark.parametrize(("kind", "schema"), [("workflow", "github-workflows"), ("gitlab", "gitlab-ci")])
def test_files_follow_their_schema(tmp_path: Path, kind: str, schema: str) -> None:
    for number, text in enumerate(of(kind)):
        (tmp_path / f"{number}.yml").write_text(text, "utf-8")
    files = sorted(tmp_path.iterdir())
    assert files and schema_problems(schema, *files) == ""
    if kind == "workflow":
        assert linted(*files) == []


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(("runner", "script"), scripts(), ids=[name for name, _ in scripts()])
def test_a_script_ends_as_the_audit_does(tmp_path: Path, runner: str, script: str, code: int) -> None:
    """An older report is gone, whatever happens."""
    commands = stub.write(tmp_path / "bin")
    for name in ("python", "python3"):  # what installs the audit
        (commands / name).write_text(
            f"#!/bin/sh\nmkdir -p .audit/bin\ncp '{commands}'/* .audit/bin/\n", "utf-8"
        )
        (commands / name).chmod(0o755)
    work = tmp_path / "work"
    (work / "audit-report").mkdir(parents=True)
    (work / "audit-report" / "junit.xml").write_text("old")
    told = {
        "code": code,
        "called": str(tmp_path / "called.json"),
        "files": {"report.json": "new"} if code in (0, 1, 3) else {},
    }
    (tmp_path / "stub.json").write_text(json.dumps(told))
    (tmp_path / "step.sh").write_text(script)
    env = environment(commands) | {"STUB": str(tmp_path / "stub.json"), "AUDIT_SOURCE": "a wheel"}
    done = subprocess.run(
        ["bash", *OPTIONS[runner], str(tmp_path / "step.sh")],
        cwd=work,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert not (work / "audit-report" / "junit.xml").exists()
    assert (work / "audit-report" / "report.json").exists() is (code in (0, 1, 3))
    if runner == "shell":
        assert ("passed" in done.stdout) is (code == 0)


def test_the_files_that_gitlab_and_jenkins_read_are_asked_for() -> None:
    from audit.formats.registry import FORMATS

    for text in [
        *of("gitlab"),
        *of("jenkins"),
        (ROOT / "examples" / "ci" / ".gitlab-ci.yml").read_text("utf-8"),
    ]:
        files = set(re.findall(r"audit-report/([\w-]+\.(?:xml|json))", text))
        formats = set(re.findall(r"--format ([\w-]+)", text))
        assert files and files <= {FORMATS[name].file for name in formats}


def test_the_tables_of_inputs_and_outputs_are_those_of_the_action() -> None:
    tables = PAGE.partition("## GitHub")[2].partition("By hand")[0]
    lines = [line.strip("| ").split("|") for line in tables.splitlines() if line.startswith("| `")]
    rows = [[cell.strip(" `") for cell in line] for line in lines]
    assert [name for name, *_ in rows] == [*ACTION["inputs"], *ACTION["outputs"]]
    defaults = {row[0]: row[1] for row in rows if row[0] in ACTION["inputs"]}
    assert defaults == {name: spec["default"] for name, spec in ACTION["inputs"].items()}


def test_the_hook_that_is_named_is_there() -> None:
    (repo,) = load_text(of("pre-commit")[0])["repos"]
    assert {hook["id"] for hook in repo["hooks"]} == {hook["id"] for hook in HOOKS}
    for hook in HOOKS:
        assert {"id", "name", "entry", "language"} <= set(hook)
        assert set(hook) <= {"id", "name", "description", "entry", "language", "files", "types"}


NAMES = {
    "audit.yaml": True,
    "models/income/audit.yml": True,
    "income.audit.yaml": True,
    "a/b.audit.yaml": True,
    "audit.json": False,
    "myaudit.yaml": False,
    "audit.yaml.bak": False,
    "audit/notes.yaml": False,
}


@pytest.mark.parametrize(("name", "matched"), NAMES.items())
def test_the_hook_looks_at_policies_only(name: str, matched: bool) -> None:
    assert bool(re.search(HOOKS[0]["files"], name)) is matched


def test_the_hook_passes_a_valid_policy_and_refuses_another(tmp_path: Path) -> None:
    good = ROOT / "examples" / "text" / "audit.yaml"
    bad = tmp_path / "with space.audit.yaml"
    bad.write_text(good.read_text("utf-8").replace("performance.accuracy", "performance.acuracy"), "utf-8")
    for files, code in (([good], 0), ([good, bad], 2)):
        command = [*HOOKS[0]["entry"].split(), *map(str, files)]
        done = subprocess.run(
            command, env=environment(), capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert done.returncode == code and done.stdout == ""
    assert done.stderr.startswith(f"audit: {bad}: gate.rules: performance.acuracy\n")


def test_expressions_of_the_page_are_known(tmp_path: Path) -> None:
    used = {name for step in steps() if "OWNER" in step.get("uses", "") for name in step["with"]}
    assert used and used <= set(ACTION["inputs"])
    assert set(re.findall(r"steps\.audit\.outputs\.([\w-]+)", PAGE)) <= set(ACTION["outputs"])
