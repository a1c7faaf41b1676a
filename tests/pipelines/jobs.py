"""Jobs of GitHub Actions run here: shells as GitHub calls them, our own action from action.yml, others only noted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from .expressions import filled, holds

ROOT = Path(__file__).resolve().parents[2]
SHELL = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
INSTALLS = "Install the audit"
"""The step that needs a package index; the audit of this checkout is on the PATH already."""


def load(file: Path) -> Any:
    return YAML(typ="safe").load(file.read_text("utf-8"))


ACTION = load(ROOT / "action.yml")


@dataclass
class Step:
    """What became of a step: ``passed`` for one of another action, with its inputs; None where it was left out."""

    name: str
    code: int | None = None
    log: str = ""
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    passed: dict[str, str] | None = None

    @property
    def ran(self) -> bool:
        return self.code is not None

    @property
    def commands(self) -> list[str]:
        """The lines of the log that GitHub obeys."""
        obeyed, token = [], ""
        for line in (line.strip() for line in self.log.splitlines()):
            if token:
                token = "" if line == f"::{token}::" else token
            elif line.startswith("::stop-commands::"):
                token = line.removeprefix("::stop-commands::")
            elif line.startswith("::") or "##[" in line:
                obeyed.append(line)
        return obeyed


@dataclass
class Job:
    """A workspace with its own temporary folder and environment; steps run in turn."""

    workspace: Path
    temp: Path
    env: dict[str, str]
    steps: list[Step] = field(default_factory=list)

    def __getitem__(self, name: str) -> Step:
        (found,) = [step for step in self.steps if step.name == name]
        return found

    @property
    def succeeded(self) -> bool:
        return not any(step.code for step in self.steps)

    def run(self, steps: list[dict[str, Any]], inputs: Mapping[str, str], action: Path) -> dict[str, Any]:
        """Run steps and return their contexts by id, as ``steps.ID.outputs`` refers to them."""
        known: dict[str, Any] = {}
        for step in steps:
            good = self.succeeded
            status = {"success()": good, "failure()": not good, "always()": True, "cancelled()": False}
            contexts = {"inputs": inputs, "steps": known, "status": status, "github": {"workflow": "test"}}
            done = Step(step.get("name") or step.get("uses") or step["run"])
            self.steps.append(done)
            if holds(step.get("if", "success()"), contexts) and done.name != INSTALLS:
                self._one(step, done, contexts, action)
            known[step.get("id", done.name)] = {"outputs": done.outputs}
        return known

    def _one(self, step: dict[str, Any], done: Step, contexts: dict[str, Any], action: Path) -> None:
        values = {key: filled(value, contexts) for key, value in step.get("with", {}).items()}
        if "run" in step:
            env = {key: filled(value, contexts) for key, value in step.get("env", {}).items()}
            self._shell(filled(step["run"], contexts), done, env | {"GITHUB_ACTION_PATH": str(action)})
        elif step["uses"].startswith(("./", "OWNER/savedmodel-audit@")):
            done.outputs = self.audit(**values)
            done.code = 0 if self.succeeded else 1
        else:
            done.passed, done.code = values, 0
            if step["uses"].startswith("actions/setup-python@"):
                done.outputs = {"python-path": sys.executable}

    def audit(self, **values: str) -> dict[str, str]:
        """Use the action of this checkout, and return its outputs."""
        assert set(values) <= set(ACTION["inputs"]), "an unknown input is only a warning on GitHub"
        inputs = {name: str(spec.get("default", "")) for name, spec in ACTION["inputs"].items()} | values
        steps = self.run(ACTION["runs"]["steps"], inputs, ROOT)
        return {name: filled(spec["value"], {"steps": steps}) for name, spec in ACTION["outputs"].items()}

    def _shell(self, script: str, done: Step, env: dict[str, str]) -> None:
        file = self.temp / "step.sh"
        file.write_text(script + "\n", "utf-8")
        places = {
            name: self.temp / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV")
        }
        for place in places.values():
            place.write_bytes(b"")
        variables = self.env | env | {name: str(place) for name, place in places.items()}
        ended = subprocess.run(
            [*SHELL, str(file)], cwd=self.workspace, env=variables | {"RUNNER_TEMP": str(self.temp)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        done.code, done.log = ended.returncode, ended.stdout.decode(errors="replace")
        done.outputs = outputs(places["GITHUB_OUTPUT"].read_bytes())
        done.summary = places["GITHUB_STEP_SUMMARY"].read_text("utf-8")


def outputs(content: bytes) -> dict[str, str]:
    """Return what a file of $GITHUB_OUTPUT sets: ``name=value``, or ``name<<END``, lines, ``END``."""
    found: dict[str, str] = {}
    lines = content.decode(errors="surrogateescape").split("\n")
    while lines:
        line = lines.pop(0)
        if block := re.match(r"([^=<]+)<<(.+)$", line):
            end = lines.index(block[2])
            found[block[1]] = "\n".join(lines[:end])
            del lines[: end + 1]
        elif line:
            name, equals, value = line.partition("=")
            assert equals, f"GitHub refuses {line!r}"
            found[name] = value
    return found


def environment(*folders: Path) -> dict[str, str]:
    """Return variables of a job in which this checkout's audit is installed, ``folders`` before it on the PATH."""
    paths = [*map(str, folders), str(Path(sys.executable).parent), os.environ["PATH"]]
    return {**os.environ, "PATH": os.pathsep.join(paths), "PYTHONPATH": str(ROOT), "AUDIT_HISTORY": ""}
