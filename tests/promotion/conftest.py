"""A registered model with a passing report and keys, in a registry of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from audit.cli import main
from audit.formats.json import read_report
from audit.promotion.entry import Grounds, text_digest
from audit.promotion.history import AliasHistory
from audit.promotion.log import read_history
from audit.promotion.mlflow_store import MlflowStore, parse_target
from audit.promotion.moves import Author, promote_to
from audit.provenance.digest import digest
from audit.registry.mlflow_connection import connect
from audit.registry.register import register
from audit.registry.stored import stored_model

from ..attestation.kit import Kit as SignedReport
from ..formats import samples

CHAMPION = "income@champion"


class Kit(SignedReport):
    """Signed report on disk whose verdict is pass, with its model in a registry as versions of ``income``."""

    content = staticmethod(samples.passing_report)

    def __init__(self, folder: Path, registry: str) -> None:
        self.stored = Path(registry.removeprefix("sqlite:///")).parent
        super().__init__(folder, "ann", "bob", "eve")

    def register(self, weights: str = "") -> int:
        """Register the model, with other weights if given, and write its report anew."""
        if weights:
            (self.model / "variables/variables.data-00000-of-00001").write_text(weights)
        self.report = self.written("report.json")
        return int(register(str(self.model), "income").address.rpartition("/")[2])

    def write(self, **gate: Any) -> None:
        """Write the report again under another policy."""
        self.content = partial(samples.passing_report, **gate)
        self.report = self.written("report.json")

    def promote(self, *options: str, to: str = CHAMPION) -> int:
        return main(["promote", str(self.report), "--to", to, *options])

    def store(self, to: str = CHAMPION) -> MlflowStore:
        return MlflowStore(connect(), parse_target(to))

    def history(self) -> AliasHistory:
        return read_history(self.store())

    def set_entry(self, number: int, text: str) -> None:
        connect().set_version_tag("income.promotions", number, "audit.entry.1", text)

    def force(self, version: int, attestation: str) -> None:
        """Move the alias by an entry of the log alone, as whoever may write to the registry can."""
        text = Path(attestation).read_text("utf-8")
        report = read_report(self.report)
        with stored_model(f"models:/income/{version}") as stored:
            grounds = Grounds(
                version=version,
                model=report.model.digest,
                files=report.model.files,
                other_files=stored.other_files,
                report=digest(self.report),
                policy=report.policy.digest,
                attestation=text_digest(text),
            )
        promote_to(self.store(), grounds, Author("eve", datetime.now(UTC)), text)

    def served(self) -> int | None:
        return connect().alias_version("income", "champion")

    def in_store(self, weights: str) -> Path:
        """Return the file in the registry's store that has these weights."""
        files = (file for file in self.stored.rglob("variables.data*") if file.read_text() == weights)
        return next(files)


@pytest.fixture
def kit(registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kit:
    """Version 1 of ``income`` in an empty registry, with its report."""
    folder = tmp_path / "kit"
    folder.mkdir()
    monkeypatch.chdir(folder)
    kit = Kit(folder, registry)
    kit.register("one")
    return kit
