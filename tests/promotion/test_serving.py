"""The snippet of docs/promotion.md for a server's start: a real model is loaded, and one that was replaced is not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from audit import AuditError
from audit.cli import main

from ..conftest import Models
from .conftest import Kit

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own

PAGE = Path(__file__).parents[2] / "docs" / "promotion.md"


def serve() -> Any:
    """Run the snippet and return its model."""
    (snippet,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    exec(snippet, names)
    return names["model"]


def test_a_server_starts_with_what_was_promoted_and_with_nothing_else(
    kit: Kit, model: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.model = model("variables")
    kit.register()
    assert main(["sign", "report.json", "--key", "ci"]) == 0
    (kit.folder / "ci.key.pub").write_bytes((kit.folder / "ci.pub").read_bytes())
    assert kit.promote("--attestation", "verdict.dsse.json", "--key", "ci.pub") == 0
    assert "serving_default" in serve().signatures
    graph = next(file for file in kit.stored.rglob("saved_model.pb") if file.stat().st_size > 100)
    content = bytearray(graph.read_bytes())
    content[-1] ^= 1
    graph.write_bytes(content)
    with pytest.raises(AuditError, match=r"model: saved_model\.pb"):
        serve()
