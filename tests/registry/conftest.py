"""A model without TensorFlow: what MLflow keeps are files, whatever is in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Export = Callable[[bytes], Path]


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """Return the directory of a SavedModel with these bytes as its weights, and an empty ``assets``."""

    def write(weights: bytes) -> Path:
        folder = tmp_path / "export"
        for name in ("variables", "assets"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "saved_model.pb").write_bytes(b"a graph")
        (folder / "variables" / "variables.index").write_bytes(b"an index")
        (folder / "variables" / "variables.data-00000-of-00001").write_bytes(weights)
        return folder

    return write
