"""How often the intervals of `audit.stats` contain the true value, as Markdown tables.

Proportions, differences and ratios by exact enumeration; the other methods by seeded simulation.
``--write`` puts the tables into docs/intervals.md. Takes about a minute.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import numpy as np
from coverage_auc import area
from coverage_exact import Table, one_proportion, two_proportions
from coverage_simulated import balanced_accuracy, calibration, correlations, means, odds

PAGE = Path(__file__).parent.parent / "docs" / "intervals.md"
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"


def markdown(table: Table) -> str:
    title, header, rows = table
    cells = [header, ["---"] * len(header), *rows]
    return "\n".join([f"**{title}**", "", *("| " + " | ".join(map(str, row)) + " |" for row in cells), ""])


def write(text: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    if BEGIN not in page or END not in page:
        raise SystemExit(f"{PAGE.name} lacks the markers {BEGIN} and {END}")
    page = re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{text}{END}", page, flags=re.DOTALL)
    PAGE.write_text(page, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/intervals.md")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    tables = [one_proportion(), two_proportions()]
    tables += [
        simulate(rng) for simulate in (balanced_accuracy, odds, area, means, calibration, correlations)
    ]
    text = "\n".join(markdown(table) for table in tables)
    sys.stdout.write(text)
    if arguments.write:
        write(text)


if __name__ == "__main__":
    main()
