"""The life of a model as a user runs it: the script ends unless each command has the exit code that it expects."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_model_is_blocked_promoted_tampered_with_and_rolled_back(tmp_path: Path) -> None:
    command = [sys.executable, "examples/lifecycle/lifecycle.py", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    _, _, tampered = done.stdout.partition("DOES NOT SERVE WHAT WAS PROMOTED")
    assert "variables/variables.data-00000-of-00001" in tampered
    assert "models:/loans@champion: version 2, was version 3" in tampered
    assert "files were changed in the store" in tampered
    private = (tmp_path / "lifecycle" / "ci.key").read_text("ascii").splitlines()[1]
    assert private not in done.stdout + done.stderr
