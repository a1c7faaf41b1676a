"""A parent whose child waits: a script for `test_ending`, run as ``parent.py FOLDER``.

Child and grandchild write their process ids to FOLDER/pids. Ending with 143 or 130 says which request came.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Container
from pathlib import Path

from audit.conclusion.observers import Observers
from audit.worker.deadline import Deadline
from audit.worker.signals import Terminated, terminable
from audit.worker.supervisor import measure_in_child


def main(folder: Path) -> int:
    tempfile.tempdir = str(folder / "temporary")
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup ignores for all that it starts, tests included
    signal.signal(signal.SIGINT, signal.default_int_handler)  # and a shell in the background this one

    def wait(observers: Observers, _: Container[str]) -> None:
        tempfile.mkdtemp()
        with subprocess.Popen(["sleep", "600"]) as grandchild:
            ids = f"{os.getpid()} {os.getppid()} {grandchild.pid}"
            (folder / "writing").write_text(ids)
            (folder / "writing").rename(folder / "pids")
            try:
                time.sleep(600)
            finally:
                (folder / "cleaned").write_text("up")

    try:
        with terminable():
            measure_in_child(wait, Observers(), Deadline())
    except Terminated as terminated:
        return 128 + terminated.number
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
