"""A signed report on disk, with its model, to spoil in one place; all keys are made by the test."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from audit.attestation import Envelope, Verification, make_key_pair, sign_report, verify
from audit.formats.json import to_json
from audit.provenance.digest import digest, file_hashes
from audit.result import Report

from ..formats import samples

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


class Kit:
    """Model, report and keys in a folder; ``ids`` are the keys' ids by name."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder = folder
        self.model = folder / "model"
        for file in (
            "saved_model.pb",
            "variables/variables.index",
            "variables/variables.data-00000-of-00001",
        ):
            (self.model / file).parent.mkdir(parents=True, exist_ok=True)
            (self.model / file).write_bytes(file.encode())
        self.report = self.written("report.json")
        self.ids = {name: make_key_pair(folder / name) for name in ("ci", *names)}

    content: Callable[[], Report] = staticmethod(samples.decided_report)

    def written(self, name: str, **changes: Any) -> Path:
        report = self.content()
        model = replace(report.model, digest=digest(self.model), files=file_hashes(self.model))
        data = replace(report.data, digest=f"sha256:{hashlib.sha256(b'rows').hexdigest()}")
        file = self.folder / name
        file.write_text(to_json(replace(report, model=model, data=data, **changes)), "utf-8")
        return file

    def sign(self, key: str = "ci", valid_for: timedelta | None = timedelta(days=90)) -> Envelope:
        return sign_report(self.report, self.folder / key, valid_for, NOW)

    def edit(self, change: Callable[[dict[str, Any]], object]) -> None:
        content = json.loads(self.report.read_text("utf-8"))
        change(content)
        self.report.write_text(json.dumps(content), "utf-8")

    def verify(self, envelope: Envelope, *names: str, now: datetime = NOW) -> Verification:
        keys = [self.ids[name] for name in names or ("ci",)]
        return verify(envelope, keys, now, model=self.model, report=self.report)
