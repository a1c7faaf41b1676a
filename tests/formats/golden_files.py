"""Golden files: the whole text of a format, looked at once, and compared since."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def require_golden(text: str, name: str) -> None:
    """Compare with a golden file; ``AUDIT_WRITE_GOLDEN=1`` writes it anew: look at the difference."""
    file = FOLDER / name
    if os.environ.get("AUDIT_WRITE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
