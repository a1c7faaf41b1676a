"""Run as a process of its own: writes one report after the other, and says on stdout where it stands.

``clean K`` once the older report is out of the way, ``done K`` once report K is written.
"""

from __future__ import annotations

import sys
from pathlib import Path

from audit.formats.writing import set_aside, write_whole


def texts(run: int) -> dict[str, str]:
    """Return report ``run``: two files, large enough that writing them takes more than one system call."""
    body = f"run {run} line ä\n" * 20_000
    return {name: f"{name} of {run}\n{body}end of {run}\n" for name in ("report.json", "report.html")}


def main(folder: Path) -> None:
    run = 0
    while True:
        run += 1
        set_aside(folder)
        print(f"clean {run}", flush=True)
        write_whole(folder, texts(run))
        print(f"done {run}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
