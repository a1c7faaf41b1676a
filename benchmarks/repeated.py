"""Repeats a measurement over simulated rows: each run is a group of one partition, and all are measured at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from cells import EFFECTIVE, KINDS, Tally, cell

from audit.result import Measurement
from audit.stats.group_estimates import Partition

SIZES = (10, 50, 100, 200, 500, 1000, 10000)
COPIES = 4
AT_ONCE, IN_ALL, FEWEST = 1_000_000, 4_000_000, 500
"""Rows that are held at a time, rows that are drawn for one cell, and runs of it at least."""
Draw = Callable[[int, int], Iterator[Measurement]]
"""Yields the measurements of so many runs of so many rows."""


def runs_of_rows(
    rng: np.random.Generator, runs: int, rows: int, kind: str
) -> tuple[Partition, np.ndarray | None]:
    """Return each run as one group, and for copies in clusters which row each row repeats."""
    codes = np.repeat(np.arange(runs), rows)
    weights = rng.gamma(1.5, size=len(codes)) if kind == "weights" else None
    clusters = np.arange(len(codes)) // COPIES if kind == "copies" else None
    return Partition(codes, runs, weights, clusters), clusters


def tallied(
    title: str, kind: str, draw: Draw, truth: Mapping[str, float], shares: Mapping[str, float], runs: int
) -> Tally:
    """Judge each metric at every size; ``shares`` of the rows are in its smaller denominator."""
    tally = Tally(f"{title}{KINDS[kind]}: rows", [str(rows) for rows in SIZES])
    for rows in SIZES[1:] if kind == "copies" else SIZES:  # ten rows are two clusters
        size = rows // COPIES * COPIES if kind == "copies" else rows
        found = collected(draw, max(FEWEST, min(runs, IN_ALL // rows)), size)
        for metric, share in shares.items():
            judged = cell(found[metric], truth[metric], size * share * EFFECTIVE[kind])
            tally.add(metric, str(rows), judged)
    return tally


def collected(draw: Draw, runs: int, rows: int) -> dict[str, list[Measurement]]:
    """Draw as many runs at a time as are held at once; by the metric's name."""
    found: dict[str, list[Measurement]] = {}
    step = max(1, AT_ONCE // rows)
    for start in range(0, runs, step):
        for item in draw(min(step, runs - start), rows):
            found.setdefault(item.metric.partition(".")[2], []).append(item)
    return found
