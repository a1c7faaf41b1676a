"""What a check yields is sorted into its part of the report: numbers, tables and notes."""

from __future__ import annotations

import json

import pytest

from audit.cli import main

from . import plugins
from .kit import Kit


def test_tables_and_notes_stand_beside_the_measurements(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins.install(monkeypatch, plugins.Shown)
    assert main([*kit.write(), "--only", "shown"]) == 3  # the rules are on other checks
    (shown,) = json.loads((kit.out / "report.json").read_text())["checks"]
    assert (shown["name"], shown["status"]) == ("shown", "measured")
    (number,) = shown["measurements"]
    assert number["ci"][0] < number["value"] < number["ci"][1]
    assert shown["tables"] == [
        {
            "name": "curve",
            "about": "Rate by size.",
            "columns": {"size": [0.0, 0.1], "rate": [1.0, None]},
        }
    ]
    assert shown["notes"] == ["A limit of the method.", "Another one."]
