"""Checks the installed wheel against the tag that it is released under: run by its own interpreter, with ``-P``.

Exit code 1 and a sentence if the version is another, or if what is imported, rendered or installed is not the wheel's.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path

import audit
from audit.version import __version__

CHECKS = ["performance", "fairness", "explainability", "robustness", "slices"]


def main(tag: str) -> int:
    """Print what is wrong, and return the exit code."""
    problems = list(_problems(tag))
    print("\n".join(problems) or f"The wheel is that of {tag}.")
    return 1 if problems else 0


def _problems(tag: str) -> list[str]:
    package, command = Path(audit.__file__), shutil.which("audit", path=sysconfig.get_path("scripts"))
    listed = subprocess.run([str(command), "checks"], capture_output=True, text=True, check=False).stdout
    stated = {
        f"the tag is {tag}, the wheel's version {__version__}": tag == f"v{__version__}",
        f"the metadata says {version('savedmodel-audit')}": version("savedmodel-audit") == __version__,
        f"{package} is not inside {sys.prefix}": package.is_relative_to(sys.prefix),
        "the page's templates are missing": any(package.parent.glob("formats/html/templates/*.j2")),
        "it is not marked as typed": (package.parent / "py.typed").is_file(),
        f"`audit checks` lists other checks: {listed[:500]}": all(name in listed for name in CHECKS),
    }
    return [problem for problem, holds in stated.items() if not holds]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
