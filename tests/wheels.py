"""The wheel of this checkout, and clean environments that have it installed."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]


def build(folder: Path) -> Path:
    """Build the wheel of this checkout into ``folder``, and return its file."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def clean_environment(folder: Path, wheel: Path) -> str:
    """Install the wheel alone, and return the interpreter; dependencies are borrowed from here by a path file.

    Path files inside a borrowed directory are not read, so that the editable checkout stays out of sight.
    """
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    install(python, str(wheel))
    packages = next((folder / "lib").glob("python*/site-packages"))
    (packages / "borrowed.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    return python


def install(python: str, package: str, *options: str) -> None:
    """Install a wheel or a directory without its dependencies, and without a package index."""
    command = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*command, *options, package], check=True, capture_output=True, env=environment())


def environment() -> dict[str, str]:
    """Return the variables of a process that is not to find this checkout."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
