"""Cell of the calibration tables, and its acceptance bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audit.result import Measurement
from audit.stats import intervals
from audit.stats.proportions import clopper_pearson

LEAST, MOST, WRONG = 0.935, 0.985, 0.035
"""Coverage of a nominal 95 %, and how often a rule may pass with the truth on its limit, on each side."""
FAILS = 0.05
"""How often a rule may fail although it holds, by itself or all rules of a policy together."""
FROM_0 = {"average-abs-odds-difference", "equalized-odds-difference", "calibration-bins"}
"""Methods of values that cannot be below 0: with a truth of 0 no rule can pass wrongly for a limit below it."""
ENOUGH = 100
"""Rows in the smaller denominator from which coverage has an upper bar."""

KINDS = {"rows": "", "weights": ", with row weights", "copies": ", in clusters of four equal rows"}
EFFECTIVE = {"rows": 1.0, "weights": 0.6, "copies": 0.25}
"""The share of the rows that is their effective number: for weights of a gamma distribution of shape 1.5, 1.5 / 2.5."""

Table = tuple[str, list[str], list[list[object]]]
"""Title, header and rows."""


@dataclass(frozen=True)
class Cell:
    """How often the interval lay wholly above the truth, wholly below it, and was there at all.

    ``smaller`` is the smaller denominator, ``least`` says that the truth is the least value that there can be.
    """

    smaller: float
    least: bool
    above: int
    below: int
    runs: int

    @property
    def faults(self) -> list[str]:
        """Name the bars that the 99 % Monte Carlo interval lies wholly beyond."""
        covered = _limits(self.runs - self.above - self.below, self.runs)
        found = ["covers too little"] if covered[1] < LEAST else []
        if self.smaller >= ENOUGH and covered[0] > MOST:
            found.append("covers too much")
        if _limits(self.above, self.runs)[0] > (FAILS if self.least else WRONG):
            found.append("fails at_most" if self.least else "passes at_least")
        if _limits(self.below, self.runs)[0] > WRONG:
            found.append("passes at_most")
        return found

    def __str__(self) -> str:
        shares = [
            100 * part / self.runs for part in (self.runs - self.above - self.below, self.above, self.below)
        ]
        text = "{:.1f} ({:.1f}, {:.1f})".format(*shares)
        return f"**{text}**" if self.faults else text


def _limits(successes: int, runs: int) -> tuple[float, float]:
    found = clopper_pearson(np.float64(successes), np.float64(runs), 0.005)  # type: ignore[arg-type]
    return float(found.low), float(found.high)


def cell(measured: Sequence[Measurement], truth: float, smaller: float) -> Cell | None:
    """Judge the intervals of repeated measurements of one truth; None where there are none."""
    found = np.array([span for span in intervals(measured, 0.95) if span is not None])
    if not len(found):
        return None
    above, below = (found[:, 0] > truth + 1e-9).sum(), (found[:, 1] < truth - 1e-9).sum()
    return Cell(smaller, truth == 0.0 and measured[0].method in FROM_0, int(above), int(below), len(found))


class Tally:
    """Cells of the same rows and columns as they come in, and the faults among them."""

    def __init__(self, title: str, columns: Sequence[str]) -> None:
        self.title, self.columns = title, list(columns)
        self._rows: dict[str, dict[str, Cell | None]] = {}

    def add(self, row: str, column: str, found: Cell | None) -> None:
        self._rows.setdefault(row, {})[column] = found

    @property
    def table(self) -> Table:
        rows = [[name, *(cells.get(c) or "" for c in self.columns)] for name, cells in self._rows.items()]
        return self.title, ["", *self.columns], rows

    @property
    def faults(self) -> list[str]:
        return [
            f"{self.title.split(':')[0]}, {row}, {column}: {', '.join(found.faults)}, {str(found).strip('*')}"
            for row, cells in self._rows.items()
            for column, found in cells.items()
            if found and found.faults
        ]

    @property
    def number(self) -> int:
        return sum(found is not None for cells in self._rows.values() for found in cells.values())
