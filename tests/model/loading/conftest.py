"""What the models of this folder's tests are made from."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of words: number 1 stands in row 0, number 0 in row 1."""
    file = tmp_path_factory.mktemp("words") / "words.txt"
    file.write_text("1\n0\n")
    return file
