"""Whoever returns several arrays returns a record: parts of equal types without names would be swapped in silence."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import audit

ROOT = Path(audit.__file__).parent


@pytest.mark.parametrize(
    "folder", ["attribution", "checks/explainability", "checks/fairness", "checks/performance"]
)
def test_no_function_returns_a_tuple_of_arrays(folder: str) -> None:
    nodes = [
        n for file in (ROOT / folder).rglob("*.py") for n in ast.walk(ast.parse(file.read_text("utf-8")))
    ]
    functions = [(n.name, n.returns) for n in nodes if isinstance(n, ast.FunctionDef)]
    returned = {name: ast.unparse(part) for name, part in functions if part is not None}
    arrays = {
        name: part for name, part in returned.items() if part.startswith("tuple[") and "ndarray" in part
    }
    assert returned and not arrays
