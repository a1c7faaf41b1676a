"""Adult audit as a process, all four checks with default options, compared with importing TensorFlow only.

1,000 rows are attributed; FGSM, PGD of 20 steps and noise move all 16,281 rows by three sizes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from adult import EXAMPLE, FAVORABLE, LABEL, Adult, numbers, parser, strings
from pairs import header, in_turn, say

NUMBERS_PROTECTED = {
    "sex": {"privileged": 1},
    "race": {"privileged": 4},
    "age": {"bins": [25, 60], "privileged": "25-60"},
}


def policy(adult: Adult) -> dict[str, object]:
    """Return the example's audit for the model of one tensor, where groups are codes; default rules."""
    data = {"path": str(adult.test), "background": str(adult.train), "label": LABEL, "favorable": FAVORABLE}
    groups = {"protected": NUMBERS_PROTECTED, "intersections": [["sex", "race"]]}
    return {"version": 1, "model": {"path": str(adult.model)}, "data": data | groups}


def run(*command: str) -> int:
    """Run a command of this interpreter and return its peak memory in MiB; an audit may end with any verdict."""
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1, 3):
        raise SystemExit(errors.decode())
    return used.ru_maxrss // 1024


def against_import(figure: str, file: Path, pairs: int, bar: str) -> None:
    """Compare an audit with the import, in turn; print its peak memory and the size of its page as well."""
    peaks: list[int] = []
    with tempfile.TemporaryDirectory() as out:
        found = in_turn(
            pairs,
            lambda: peaks.append(run("-m", "audit", "run", str(file), "--out", out, "--quiet")),
            lambda: run("-c", "import tensorflow"),
        )
        page, report = Path(out, "report.html"), json.loads(Path(out, "report.json").read_text("utf-8"))
        size = page.stat().st_size / 1024
    assert all(check["status"] == "measured" for check in report["checks"]), report["checks"]
    say(f"{figure}, audit as a process against importing TensorFlow", found, bar, (1, "s"))
    print(f"| {figure}, peak memory |  | under 2,500 MB | {max(peaks):,} MiB |  |  |")
    print(f"| {figure}, report.html |  | under 1 MB | {size:,.0f} KiB |  |  |")
    print(f"| {figure}, seconds of each part |  |  | {_parts(report)} |  |  |", flush=True)


def _parts(report: dict[str, Any]) -> str:
    return ", ".join(f"{name} {took:.1f}" for name, took in report["run"]["seconds"].items())


def main() -> None:
    options = parser(__doc__).parse_args()
    header()
    adult = numbers(options.data_dir)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "audit.yaml"
        file.write_text(json.dumps(policy(adult)), "utf-8")
        against_import("numeric", file, options.pairs, "at most 1.6")
    strings(options.data_dir)
    against_import("strings", EXAMPLE / "audit.yaml", options.pairs, "at most 2.1")


if __name__ == "__main__":
    main()
