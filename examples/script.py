"""What the training scripts of the examples have in common: their options and their last words."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """Where the raw files lie (None: to be downloaded) and where the model and tables go."""

    data_dir: Path | None
    out: Path


def parse(description: str, here: Path) -> Options:
    """Read the command line of the script in ``here`` and make its output directory."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data-dir", type=Path, help="of the raw files; default: they are downloaded")
    parser.add_argument("--out", type=Path, default=here / "work", help="default: work/ beside this script")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    return Options(given.data_dir, given.out)


def say_next(here: Path, out: Path, test: str, train: str) -> None:
    """Print the command that audits what was written."""
    command = f"audit run {os.path.relpath(here / 'audit.yaml')}"
    if out.resolve() != here / "work":
        written = {"model.path": "model", "data.path": test, "data.background": train}
        command += "".join(f" --set {key}={out.resolve() / name}" for key, name in written.items())
    print(f"Wrote the model and its tables to {out}.\nNext:  {command}")
