"""The examples as kinds: a policy drafted for what their scripts wrote, by somebody who has not read theirs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from . import table
from .audited import audit, known
from .kind import Kind, Made

_CHECKS: dict[str, object] = {
    "explainability": {"rows": 20, "references": 10},
    "robustness": {"rows": 300, "eps": [0.1], "steps": 2, "queries": 50},
}
_EXAMPLES: dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
    "adult_income": ("test.parquet", "income", {}, {}),
    "german_credit": ("test.csv", "credit", {}, {}),
    "mirrored_strategy": ("test.parquet", "approved", {}, {}),
    "mixed_precision": ("test.parquet", "progression", {}, {}),
    "custom_layers": ("test.parquet", "diagnosis", {}, {}),
    "architecture_search": ("test.parquet", "approved", {}, {}),
    "fine_tune_mobilenet": ("test.npz", "shape", {}, {"pixels": [0, 255]}),
    "image_digits": ("test", "review", {"classes": ["pass", "look"]}, {"pixels": [0, 255]}),
    "text": ("test.csv", "queue", {}, {}),
}
"""Rows, label, and what is answered under ``model:`` and ``data:`` where `audit init` asks for it."""


def _written(name: str, folder: Path) -> Made:
    rows, label, spec, given = _EXAMPLES[name]
    words = ["--label", label]
    return Made(folder / "model", folder / rows, dict, spec=spec, given=given, checks=_CHECKS, words=words)


KINDS = [Kind(f"`examples/{name}`", "example", partial(_written, name)) for name in _EXAMPLES]


def draft_and_run(name: str, folder: Path) -> None:
    """Draft a policy for what the example's script wrote into the folder, answer what that asks for, and run it."""
    (kind,) = (kind for kind in KINDS if kind.name == f"`examples/{name}`")
    audited = audit(kind, folder)
    assert audited.code in (0, 1, 3) and audited.init == (3 if audited.asked else 0)
    assert all(not known(audited.made).keys().isdisjoint(keys) for keys in audited.asked)
    row = table.row(audited)
    if table.WRITE:
        from .kinds import KINDS as ALL

        table.write(ALL, kind.name, row)
    assert table.is_written(kind.name, row), row
