"""Coverage of the intervals of improvements over a baseline, as Markdown tables.

Proportions by exact enumeration, the other metrics by seeded simulation of two models on the same rows. ``--write``
puts the tables into docs/baseline.md. Takes about three minutes.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np
from paired_exact import enumerate_pairs
from paired_simulated import WORLDS, simulate

PAGE = Path(__file__).parent.parent / "docs" / "baseline.md"
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"
RUNS = 600
Table = tuple[str, list[str], list[list[str]]]


def markdown(table: Table) -> str:
    """Return a table as Markdown, with its title above it."""
    title, header, rows = table
    cells = [header, ["---"] * len(header), *rows]
    return "\n".join([f"**{title}**", "", *("| " + " | ".join(row) + " |" for row in cells), ""])


def exact() -> Table:
    """Return the table of proportions."""
    rows = []
    for size in (10, 50, 100, 200, 1000):
        low, high, passed = (100 * share for share in enumerate_pairs(size))
        rows.append([str(size), f"{low:.2f} – {high:.2f}", f"{passed:.2f}"])
    title = (
        "Difference of two models' proportions on the same rows, all pairs of discordant shares from 0 to 0.5"
    )
    return title, ["rows", "coverage, %", "passes with the truth on the limit, at most, %"], rows


def simulated(rows: int) -> Table:
    """Return the table of all metrics at this number of rows: coverage / passes with the truth on the limit."""
    cells: dict[str, list[str]] = {}
    for number, world in enumerate(WORLDS):
        rng = np.random.default_rng([rows, number])
        for name, (covered, passed, width) in simulate(world, rows, RUNS, rng).items():
            cells.setdefault(name, [name]).append(f"{100 * covered:.1f} / {100 * passed:.1f} ({width:.3f})")
    title = f"{rows:,} rows, {RUNS:,} runs: coverage / passes with the truth on the limit, % (median width)"
    return title, ["metric", *(world.name for world in WORLDS)], list(cells.values())


def main() -> None:
    """Print the tables, and with ``--write`` put them into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/baseline.md")
    arguments = parser.parse_args()
    warnings.simplefilter(
        "ignore", RuntimeWarning
    )  # a rate among no rows is NaN, and its interval says nothing
    text = "\n".join(markdown(table) for table in (exact(), simulated(200), simulated(1000)))
    sys.stdout.write(text)
    if arguments.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
