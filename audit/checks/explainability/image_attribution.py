"""What each place of a picture adds to the output: by expected gradients, or by SHAP values of patches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from audit.attribution import attribute
from audit.attribution.expected_gradients import ExpectedGradients, expected_gradients
from audit.attribution.permutation_shapley import DRAWS
from audit.attribution.running_estimate import LEAST_COMPARED
from audit.checks.explainability.explained_output import Output
from audit.checks.explainability.explanation import Explained
from audit.checks.explainability.image_grid import Grid, grid
from audit.subject.images import Pictures

_CELLS, _PATCHES = 48, 4
"""Rows and columns of what is kept: of gradients, and of patches, whose cost grows with their number."""
_PROBED, _PROBED_REFERENCES = 16, 20
_MISSED = 0.1
"""Share of the outputs' distance to the base that gradients may miss and still be those of the model."""
_MOST_NUMBERS = 3 * 10**9
"""Held by the model's widest tensor, over all rows that it is asked for: some ten to twenty seconds of two cores."""
_GRADIENT = 3
"""What a gradient costs, in outputs."""

Method = Literal["gradients", "patches"]


@dataclass(frozen=True)
class Located:
    """What the cells of ``grid`` add to the output of each row: ``values``, float64 ``(rows, cells)``."""

    grid: Grid
    values: np.ndarray


def pooled(located: Located, patches: Grid) -> Located:
    """Return what ``patches`` add, each made up of whole cells; ``located`` itself where it is as coarse already."""
    fine = located.grid
    if fine.cells <= patches.cells:
        return located
    flat = Grid((fine.rows, fine.columns, 1), patches.rows, patches.columns)
    return Located(patches, flat.sums(located.values))


def find_method(output: Output, matrix: np.ndarray, background: np.ndarray, seed: int, memory: int) -> Method:
    """Tell whether the output's gradients are its own: whether along paths between rows they add up to its changes.

    Args:
        output: what is explained.
        matrix: rows ``(n, numbers)``.
        background: reference rows.
        seed: of the paths.
        memory: see `expected_gradients`.
    """
    rows, references = _spread(matrix, _PROBED), _spread(background, _PROBED_REFERENCES)
    try:
        found = _gradients(output, rows, references, seed=seed, error=1.0, memory=memory)
    except LookupError:  # an operation has no gradient
        return "patches"
    missed, sampled, moved = (
        float(np.sqrt((part**2).mean()))
        for part in (found.gaps, found.gap_errors, found.outputs - found.base)
    )
    return "gradients" if missed <= _MISSED * moved + 3 * sampled else "patches"


def affordable(method: Method, references: int, pictures: Pictures, output: Output) -> int:
    """Return how many rows may be explained, two at least: a large model's pictures are explained on fewer."""
    each = DRAWS * max(LEAST_COMPARED, references)
    steps = _GRADIENT if method == "gradients" else 2 * (_patches(pictures).cells - 1)
    return max(2, _MOST_NUMBERS // (each * steps * max(output.widest, len(output.players))))


def locate(
    explained: Explained, pictures: Pictures, method: Method, *, seed: int, error: float, memory: int
) -> Located:
    """Attribute the explained rows' outputs to the cells of their pictures (see `attribute` for the numbers)."""
    output = explained.value
    if method == "gradients":
        cells = grid(pictures.shape, _CELLS)
        found = _gradients(
            output, explained.matrix, explained.references, seed=seed, error=error, memory=memory
        )
        return Located(cells, cells.sums(found.values))
    cells = _patches(pictures)
    by_patch = attribute(
        output.value,
        output.encode(explained.matrix),
        output.encode(explained.references),
        players=cells.cell,
        width=output.widest,
        seed=seed,
        error=error,
        memory=memory,
    )
    return Located(cells, by_patch.values)


def _gradients(
    output: Output, matrix: np.ndarray, references: np.ndarray, *, seed: int, error: float, memory: int
) -> ExpectedGradients:
    x, others = output.encode(matrix), output.encode(references)
    return expected_gradients(
        output.value, x, others, width=output.widest, seed=seed, error=error, memory=memory
    )


def _patches(pictures: Pictures) -> Grid:
    return grid(pictures.shape, _PATCHES, 2)


def _spread(rows: np.ndarray, most: int) -> np.ndarray:
    """Return some of the rows, at even distances: a file may be sorted."""
    return rows[:: -(-len(rows) // most)]
