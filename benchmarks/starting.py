"""Start of the commands on the Adult test split: seconds until the first output, and the whole of `audit init`.

The first output is a line on stderr, through a pipe and on a terminal; importing TensorFlow, which comes after it, is
the yardstick of the machine.
"""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from adult import EXAMPLE, LABEL, parser, strings
from pairs import header, in_turn, say
from process import run

_AUDIT = (sys.executable, "-m", "audit")
Ends = Callable[[], tuple[int, int]]


def first_output(ends: Ends, *arguments: str) -> None:
    """Start a command, wait for the first byte that it writes, and end it."""
    reading, writing = ends()
    process = subprocess.Popen(
        [*_AUDIT, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=writing,
        start_new_session=True,
    )
    os.close(writing)
    os.read(reading, 1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    os.close(reading)


def main() -> None:
    options = parser(__doc__).parse_args()
    adult = strings(options.data_dir)
    header()
    with tempfile.TemporaryDirectory() as folder:
        draft = ["init", str(adult.model), str(adult.test), "--label", LABEL, "--force"]
        draft += ["--out", str(Path(folder, "audit.yaml"))]
        audit = ["run", str(EXAMPLE / "audit.yaml"), "--out", folder]
        for command in (audit, draft, ["inspect", str(adult.model)]):
            for name, ends in (("a pipe", os.pipe), ("a terminal", pty.openpty)):
                found = in_turn(
                    options.pairs,
                    lambda ends=ends, command=command: first_output(ends, *command),  # type: ignore[misc]
                    lambda: run("-c", "import tensorflow"),
                )
                say(f"first output of `audit {command[0]}` through {name}", found, "at most 0.2", (1, "s"))
        found = in_turn(
            options.pairs, lambda: run("-m", "audit", *draft), lambda: run("-c", "import tensorflow")
        )
        say("`audit init`, the whole process, against importing TensorFlow", found, "at most 1.5", (1, "s"))


if __name__ == "__main__":
    main()
