"""Contrasts of coalitions with their complements, of which Shapley values are weighted sums.

The two coalitions that all rows share, none of the row (the reference) and all of it, are evaluated once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.attribution.coalitions import Coalitions


@dataclass(frozen=True)
class Ends:
    """Outputs of the function at the rows, (rows,), and at the references, (m,); both float64.

    ``rounding`` is the spacing of the function's own floating-point numbers at its largest output.
    """

    rows: np.ndarray
    references: np.ndarray
    rounding: float


def evaluate_ends(coalitions: Coalitions, rows: int, references: int, features: int) -> Ends:
    """Evaluate every row and every reference once.

    They go through the graph of the masked rows: another one could round otherwise, and a feature that
    the function ignores would not get exactly 0.

    Raises:
        ValueError: the function is not finite at a row or a reference.
    """
    index = np.arange(max(rows, references), dtype=np.int32)
    keys = np.zeros((len(index), features), np.int32)
    outputs = coalitions(index % rows, index % references, keys, np.zeros(1, np.int32))[:, 0]
    at_references = outputs[0, :references]
    at_rows = outputs[1, :rows]
    for name, values in (("reference", at_references), ("row", at_rows)):
        for at in np.flatnonzero(~np.isfinite(values))[:1]:
            raise ValueError(f"the function is {values[at]} at {name} {at}, so it cannot be attributed")
    rounding = np.spacing(max(abs(at_rows).max(), abs(at_references).max()))
    return Ends(at_rows.astype(np.float64), at_references.astype(np.float64), float(rounding))


def contrasts(
    coalitions: Coalitions, ends: Ends, group: np.ndarray, keys: np.ndarray, levels: np.ndarray
) -> np.ndarray:
    """Evaluate a group of rows against every reference.

    Args:
        coalitions: evaluates pairs.
        ends: outputs at rows and references.
        group: (rows,), indices of rows.
        keys: (rows * m * draws, features) int32, in this order.
        levels: (levels,) int32, without 0.

    Returns:
        (levels + 2, rows * m * draws) float64, from no feature inside to all.

    Raises:
        ValueError: the function is not finite; the message has the index of the row.
    """
    m = len(ends.references)
    row = np.repeat(group.astype(np.int32), len(keys) // len(group))
    reference = np.tile(np.repeat(np.arange(m, dtype=np.int32), len(row) // len(group) // m), len(group))
    differences = np.empty((len(levels) + 2, len(row)))
    np.subtract(ends.rows[row], ends.references[reference], out=differences[-1])
    np.negative(differences[-1], out=differences[0])
    if len(levels):
        inside, outside = coalitions(row, reference, keys, levels)
        np.subtract(inside, outside, out=differences[1:-1], dtype=np.float64)
    if not np.isfinite(differences).all():
        at = np.flatnonzero(~np.isfinite(differences).all(axis=0))[0]
        raise ValueError(
            f"the function is not finite where row {row[at]} is mixed with reference {reference[at]}"
        )
    return differences
