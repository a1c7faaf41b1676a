"""Installs this checkout for the steps of a job, in an environment of its own.

The job's Python and its packages stay as they are; the steps that follow have the command `audit` on their PATH.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import venv
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1]


def main() -> int:
    """Install the pinned versions and the packages of the input; return pip's exit code."""
    home = Path(os.environ["RUNNER_TEMP"], "savedmodel-audit")
    environment = home / "venv"
    venv.create(environment, clear=True, with_pip=True, symlinks=True)
    pip: list[str | Path] = [
        environment / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
    ]
    packages = shlex.split(os.environ.get("INPUT_PACKAGES", ""))
    code = subprocess.call([*pip, "--constraint", SOURCE / "constraints.txt", SOURCE, *packages])
    if code == 0:
        _offer(environment / "bin" / "audit", home / "bin")
    return code


def _offer(command: Path, folder: Path) -> None:
    """Put the command alone on the PATH: the environment's own Python would replace the job's."""
    folder.mkdir(exist_ok=True)
    link = folder / command.name
    link.unlink(missing_ok=True)
    link.symlink_to(command)
    with open(os.environ["GITHUB_PATH"], "a", encoding="utf-8") as file:
        file.write(f"{folder}\n")


if __name__ == "__main__":
    sys.exit(main())
