"""A program that audits in two threads at once and writes to its own output meanwhile: a script for `test_host`.

Run as ``host.py FOLDER``, which holds what `audit.testing.toy_subject` wrote. Its account goes to ``account.json``.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from threading import Barrier

import audit


def main(folder: Path) -> None:
    together = Barrier(2)

    def measure() -> str:
        together.wait()
        return audit.run(policy(folder), only=["performance"]).verdict

    states, lines = [state()], 0
    with ThreadPoolExecutor(2) as pool:
        audits = [pool.submit(measure) for _ in range(2)]
        while wait(audits, timeout=0.002).not_done:
            write(lines := lines + 1)
            states.append(state())
    write(lines := lines + 1)
    states.append(state())
    distinct = [s for i, s in enumerate(states) if s not in states[:i]]
    account = {"verdicts": [done.result() for done in audits], "lines": lines, "states": distinct}
    folder.joinpath("account.json").write_text(json.dumps(account))


def policy(folder: Path) -> dict[str, object]:
    data = {"path": str(folder / "data.csv"), "label": "label"}
    return {"version": 1, "model": {"path": str(folder / "model")}, "data": data}


def state() -> dict[str, object]:
    """What belongs to the whole process and is the program's own."""
    return {
        **{f"descriptor {number}": [os.fstat(number).st_dev, os.fstat(number).st_ino] for number in (1, 2)},
        "streams": [id(sys.stdout), id(sys.stderr)],
        "disabled": logging.root.manager.disable,
        "levels": [logging.getLogger(name).level for name in ("", "tensorflow", "absl")],
        "log level": os.environ.get("TF_CPP_MIN_LOG_LEVEL"),
    }


def write(number: int) -> None:
    for target, stream in ((1, sys.stdout), (2, sys.stderr)):
        os.write(target, f"<raw {number}>\n".encode())
        print(f"<printed {number}>", file=stream, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
