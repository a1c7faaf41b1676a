"""One small audit on disk that a test spoils in one place and then runs."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from ruamel.yaml import YAML

from ..audits import SCORES_ONLY, people, store
from ..conftest import Models

STARTED = "audit: opening model and data"
"""The first line of a command that opens both, before anything is imported that takes long."""

RULES: list[dict[str, Any]] = [
    {"metric": "performance.accuracy", "at_least": 0.2},
    {"metric": "fairness.statistical_parity_difference", "where": {"attribute": "sex"}, "within": 0.5},
]


_SIGN_OF_LIFE = re.compile(r"audit: .*(, \d+ s|at work)|\.+.*")


def message(printed: str) -> str:
    """Return what stderr says besides that the command has started, and is alive on a slow machine."""
    started, _, rest = printed.partition("\n")
    lines = (rest if started.startswith("audit: opening ") else printed).splitlines(keepends=True)
    return "".join(line for line in lines if not _SIGN_OF_LIFE.fullmatch(line.rstrip("\n")))


def rows() -> pd.DataFrame:
    """300 rows; ``a`` and ``b`` are what the model ``variables`` takes, whose score follows ``b`` alone."""
    frame = people(300)[["sex", "race", "label", "score"]]
    return frame.assign(a=frame["score"] - 0.5, b=0.002 * (frame["score"] - 0.5)).drop(columns="score")


@dataclass
class Kit:
    """Policy, table and model of an audit that passes; change any before `write`."""

    folder: Path
    models: Models
    frame: pd.DataFrame = field(default_factory=rows)
    file: str = "table.csv"
    policy: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.policy = {
            "version": 1,
            "model": {"path": "model"},
            "data": {"path": self.file, "label": "label", "protected": {"sex": {"privileged": "Male"}}},
            "checks": dict(SCORES_ONLY),
            "gate": {"rules": [dict(rule) for rule in RULES]},
        }
        self.use("variables")

    @property
    def model(self) -> Path:
        return self.folder / "model"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = self.policy["data"]
        return found

    def use(self, name: str) -> None:
        """Copy the model ``name`` to where the policy says."""
        shutil.rmtree(self.model, ignore_errors=True)
        shutil.copytree(self.models(name), self.model)

    def raw(self, content: bytes, file: str = "table.csv") -> None:
        """Put ``content`` where the table is expected; `write` leaves it alone."""
        self.file, self.data["path"] = "", file
        (self.folder / file).write_bytes(content)

    def write(self) -> list[str]:
        """Write table and policy and return the arguments that audit them."""
        if self.file:
            store(self.frame, self.folder, self.file)
        policy = self.folder / "audit.yaml"
        if not policy.exists():
            YAML().dump(self.policy, policy)
        return ["run", str(policy), "--out", str(self.out)]

    def reports(self) -> list[str]:
        """Return the names of the reports that stand in the output folder."""
        return sorted(file.name for file in self.out.glob("report.*"))
