"""Options and closing message shared by the training scripts of the examples."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """Where the model and tables go, and where raw files lie (None: to be downloaded)."""

    out: Path
    data_dir: Path | None = None


def parse(description: str, here: Path, downloads: bool = False) -> Options:
    """Read the command line of the script in ``here``, which ``downloads`` or not, and make its output directory."""
    parser = argparse.ArgumentParser(description=description)
    if downloads:
        parser.add_argument("--data-dir", type=Path, help="of the raw files; default: they are downloaded")
    parser.add_argument("--out", type=Path, default=here / "work", help="default: work/ beside this script")
    options = Options(**vars(parser.parse_args()))
    options.out.mkdir(parents=True, exist_ok=True)
    return options


def say_next(here: Path, out: Path, test: str, train: str) -> None:
    """Print the command that audits what was written."""
    command = f"audit run {os.path.relpath(here / 'audit.yaml')}"
    if out.resolve() != here / "work":
        written = {"model.path": "model", "data.path": test, "data.background": train}
        command += "".join(f" --set {key}={out.resolve() / name}" for key, name in written.items())
    print(f"Wrote the model and its tables to {out}.\nNext:  {command}")
