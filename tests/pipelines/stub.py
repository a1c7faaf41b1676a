"""An audit that ends as it is told, for exit codes that no small model leads to: called as the command is."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

FILES = ("report.json", "report.html", "junit.xml", "results.sarif", "summary.md")


def write(folder: Path) -> Path:
    """Write a command ``audit`` into a folder, which is to stand first on the PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    command = folder / "audit"
    command.write_text(
        f"#!{sys.executable}\n{Path(__file__).read_text('utf-8')}\nsys.exit(play())\n", "utf-8"
    )
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    return folder


def play() -> int:
    """Note the arguments, print, write the reports that the file $STUB holds, and end with its code."""
    told: dict[str, Any] = json.loads(Path(os.environ["STUB"]).read_text("utf-8"))
    Path(told["called"]).write_text(json.dumps([sys.argv[1:], sorted(os.environ)]), "utf-8")
    out = Path(sys.argv[len(sys.argv) - sys.argv[::-1].index("--out")])
    for name, text in told.get("files", {}).items():
        out.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text, "utf-8")
    print(told.get("stdout", ""), flush=True)
    print(told.get("stderr", ""), file=sys.stderr, flush=True)
    if told["code"] < 0:
        os.kill(os.getpid(), -told["code"])
    return int(told["code"])
