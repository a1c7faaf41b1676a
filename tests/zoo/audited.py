"""Audits a kind as a newcomer does, and loads it once more to look inside."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from audit.check import load_policy
from audit.cli import main
from audit.subject.loading import load_subject
from audit.subject.subject import Subject

from ..newcomer import answer, questions
from .kind import Kind, Made

SMALL: dict[str, Any] = {
    "explainability": {"rows": 40, "references": 20},
    "robustness": {"eps": [0.1], "steps": 5, "queries": 50},
}
"""Options of the checks that keep an audit of 300 rows short."""

Run = Callable[[Sequence[str]], int]


@dataclass(frozen=True)
class Audited:
    """A kind as a newcomer audits it: what `audit init` asked for, and the exit code of `audit run`.

    ``asked`` are the keys of each open question; ``seconds`` are processor time of both commands together.
    """

    kind: Kind
    made: Made
    folder: Path
    init: int
    asked: list[list[str]]
    code: int
    seconds: float

    @cached_property
    def report(self) -> dict[str, Any]:
        """What the audit wrote."""
        found: dict[str, Any] = json.loads((self.folder / "out" / "report.json").read_text())
        return found

    @cached_property
    def subject(self) -> Subject:
        """The audited model on its rows, as the checks see it."""
        return load_subject(load_policy(self.folder / "audit.yaml"), lambda *_: None)

    def attacks(self) -> list[str]:
        """Return the names of the attacks that the robustness check reports on."""
        check = next(check for check in self.report["checks"] if check["name"] == "robustness")
        found = {measured["where"].get("attack", "worst") for measured in check["measurements"]}
        return sorted(found - {"worst"})


def audit(kind: Kind, folder: Path, run: Run = main) -> Audited:
    """Build the kind below ``folder``, draft a policy, answer what that asks for and nothing else, and run it."""
    made = kind.build(folder)
    policy = folder / "audit.yaml"
    start = processor_seconds()
    init = run(["init", str(made.model), str(made.data), *made.words, "--out", str(policy)])
    asked = questions(policy.read_text())
    answer(policy, known(made), asked)
    shorten(policy, made.checks)
    code = run(["run", str(policy), "--out", str(folder / "out"), "--quiet"])
    return Audited(kind, made, folder, init, asked, code, processor_seconds() - start)


def processor_seconds() -> float:
    """Return the processor time of this process and of those that it has waited for, whatever else a machine does."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def known(made: Made) -> dict[str, object]:
    """Return what the kind's author would answer, by dotted key."""
    of_model = {f"model.{key}": value for key, value in made.spec.items()}
    return {**of_model, **{f"data.{key}": value for key, value in made.given.items()}}


def shorten(policy: Path, checks: Mapping[str, object]) -> None:
    """Give the checks of a drafted policy the options of a short audit, and ``checks``."""
    content = YAML(typ="safe").load(policy.read_text())
    content["checks"] = {**SMALL, **checks}
    YAML().dump(content, policy)
