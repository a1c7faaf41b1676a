"""Audits a kind as a user does, and loads it once more to look inside."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from audit.check import policy_from
from audit.cli import main
from audit.subject.loading import load_subject
from audit.subject.subject import Subject

from .kind import Kind, Made

SMALL: dict[str, Any] = {
    "explainability": {"rows": 40, "references": 20},
    "robustness": {"eps": [0.1], "steps": 5, "queries": 50},
}
"""Options of the checks that keep an audit of 300 rows short."""

Run = Callable[[Sequence[str]], int]


@dataclass(frozen=True)
class Audited:
    """A kind, what its builder made of it, and the exit code of `audit run`."""

    kind: Kind
    made: Made
    folder: Path
    code: int

    @cached_property
    def report(self) -> dict[str, Any]:
        """What the audit wrote."""
        found: dict[str, Any] = json.loads((self.folder / "out" / "report.json").read_text())
        return found

    @cached_property
    def subject(self) -> Subject:
        """The audited model on its rows, as the checks see it."""
        return load_subject(policy_from(content(self.made)), lambda *_: None)

    def attacks(self) -> list[str]:
        """Return the names of the attacks that the robustness check reports on."""
        check = next(check for check in self.report["checks"] if check["name"] == "robustness")
        found = {measured["where"].get("attack", "worst") for measured in check["measurements"]}
        return sorted(found - {"worst"})


def audit(kind: Kind, folder: Path, run: Run = main) -> Audited:
    """Build the kind below ``folder`` and audit it by the command line, under the default rules."""
    made = kind.build(folder)
    policy = folder / "audit.yaml"
    YAML().dump(content(made), policy)
    return Audited(kind, made, folder, run(["run", str(policy), "--out", str(folder / "out"), "--quiet"]))


def content(made: Made) -> dict[str, Any]:
    """Return the policy that audits it: all four checks, the default rules."""
    data = {"path": str(made.data), "label": "label", "protected": {"sex": {"privileged": "Male"}}}
    return {
        "version": 1,
        "model": {"path": str(made.model), **made.spec},
        "data": {**data, **made.given},
        "checks": {**SMALL, **made.checks},
    }
