"""`audit.check` has every name that an author of a check needs, and importing it starts nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import audit.check

AUTHORS = [
    "Attribute",
    "AuditError",
    "Check",
    "Classified",
    "Evidence",
    "Field",
    "Influence",
    "METHODS",
    "Measurement",
    "MetricFacts",
    "Note",
    "Partition",
    "Regressed",
    "Scalar",
    "Shares",
    "SampledRows",
    "Skip",
    "Subject",
    "Table",
    "Traced",
    "TracedEvidence",
    "interval",
    "intervals",
    "is_known",
    "rates",
]


@pytest.mark.parametrize("name", sorted({*AUTHORS, *audit.check.__all__}))
def test_every_name_is_there(name: str) -> None:
    assert getattr(audit.check, name) is not None
    assert name in audit.check.__all__


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Chekc'"):
        audit.check.Chekc  # type: ignore[attr-defined]  # noqa: B018


def test_what_type_checkers_see_is_what_is_imported_late() -> None:
    (block,) = [
        node
        for node in ast.parse(Path(audit.check.__file__).read_text("utf-8")).body
        if isinstance(node, ast.If)
    ]
    seen = {
        alias.name: str(node.module).removeprefix("audit.")
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == audit.check._LATE


def test_importing_it_starts_nothing_heavy() -> None:
    code = "import sys, audit.check; print({'numpy', 'scipy', 'pandas', 'pyarrow', 'tensorflow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
