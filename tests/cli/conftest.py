"""The audit on disk that the tests of this folder change and run."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..conftest import Models
from .kit import Kit


@pytest.fixture
def kit(tmp_path: Path, model: Models) -> Kit:
    return Kit(tmp_path, model)
