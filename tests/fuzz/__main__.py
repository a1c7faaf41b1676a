"""Thousands of damaged files for every reader: counts of what came of them, as a table."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from .outcomes import outcomes
from .whole_files import READERS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("readers", nargs="*", metavar="READER", help="default: all")
    parser.add_argument("--files", type=int, default=2000, help="how many for each reader")
    options = parser.parse_args()
    others: list[str] = []
    print("| reader | opened | refused | other |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.readers or READERS:
            counts = outcomes(name, options.files, Path(folder) / "files")
            other = [outcome for outcome in counts if outcome.startswith("other")]
            others += [f"{name}: {outcome}" for outcome in other]
            print(f"| {name} | {counts['opened']:,} | {counts['refused']:,} | {len(other):,} |", flush=True)
    print("\n".join(others))
    sys.exit(bool(others))


if __name__ == "__main__":
    main()
