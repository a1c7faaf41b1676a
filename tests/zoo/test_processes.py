"""Three kinds as users run them: in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from . import lookups, parsed, sources, table
from .audited import audit
from .kind import Kind
from .kinds import KINDS

THREE = [kind for kind in KINDS if kind.build in (sources.graph, lookups.vocabulary_file, parsed.dense)]


def process(arguments: Sequence[str]) -> int:
    return subprocess.run([sys.executable, "-m", "audit", *arguments], timeout=300).returncode


@pytest.mark.parametrize("kind", THREE, ids=[kind.name for kind in THREE])
def test_it_is_audited(kind: Kind, tmp_path: Path) -> None:
    found = audit(kind, tmp_path, process)
    assert found.code in (0, 1, 3)
    assert table.is_written(kind.name, table.row(found))
