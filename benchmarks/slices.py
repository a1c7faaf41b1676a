"""How often the check slices names a planted weak spot, and how often it names one where there is none.

Run as ``python -m benchmarks.slices``; ``--write`` puts the table into docs/slices.md. Takes some ten minutes.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import get_args

from scipy.stats import beta

from tests.checks.slices.planted import Outcome, Place, outcome

PAGE = Path(__file__).parent.parent / "docs" / "slices.md"
BEGIN, END = "<!-- planted: begin -->", "<!-- planted: end -->"
SIZES = (5_000, 10_000, 20_000)
SLICES = {
    "nowhere": "none: errors depend on no column",
    "mild": "none: the share of errors varies by 3 points around its mean with a number, and by 3 between categories",
    "category": "a category",
    "range": "a range of a number, beginning anywhere",
    "two categories": "two categories together",
    "category and range": "a category within a range of a number, beginning anywhere",
}


def seen(place: Place, rows: int, seed: int) -> tuple[bool, bool]:
    """Return what is named: a weak spot, and the planted one."""
    result: Outcome = outcome(place, rows, seed)
    return result.named, result.planted_named


def limits(hits: int, trials: int) -> str:
    """Return the exact 95 % limits of a share (Clopper and Pearson), in per cent."""
    low = beta.ppf(0.025, hits, trials - hits + 1) if hits else 0.0
    high = beta.ppf(0.975, hits + 1, trials - hits) if hits < trials else 1.0
    return f"{hits / trials:.1%} ({low:.1%} to {high:.1%})".replace("%", " %")


def lines(seeds: int) -> Iterator[str]:
    """Yield the lines of the table."""
    yield "| planted | rows | a weak spot reported | the planted slice reported |"
    yield "|---|---|---|---|"
    with ProcessPoolExecutor(2) as pool:
        for place in get_args(Place):
            for rows in SIZES:
                found = list(pool.map(partial(seen, place, rows), range(seeds)))
                named, planted = (sum(part) for part in zip(*found, strict=True))
                last = "" if place in ("nowhere", "mild") else limits(planted, seeds)
                yield f"| {SLICES[place]} | {rows:,} | {limits(named, seeds)} | {last} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--write", action="store_true", help="put the table into docs/slices.md")
    given = parser.parse_args()
    text = ""
    for line in lines(given.seeds):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        text += f"{line}\n"
    if given.write:
        page = PAGE.read_text(encoding="utf-8")
        table = f"{BEGIN}\n{text}{END}"
        PAGE.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: table, page, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
