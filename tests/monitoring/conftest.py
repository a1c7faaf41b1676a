"""A store for the tests of monitoring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .stores import Batch, Counting


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[Counting]:
    """A store with two batches, the first of them with labels that came later."""
    counting = Counting(tmp_path / "store")
    for batch in (Batch(1), Batch(2), Batch(1, "first")):
        counting.count(batch)
    yield counting
    counting.close()
