"""Whether taking away the features that SHAP values name takes back more of the output than taking away others.

After "comprehensiveness" in DeYoung et al. (2020), with reference rows in the place of deleted words. The features
are those that push the row's output to the side where it is: those of largest size of either sign would cancel.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_REFERENCES = 20
_SHARE = 4  # a quarter of the features is taken away
_CELLS = 2**22


def faithfulness(
    value: Callable[[np.ndarray], np.ndarray],
    matrix: np.ndarray,
    references: np.ndarray,
    attributions: np.ndarray,
    seed: int,
    players: np.ndarray | None = None,
    *,
    cells: int = _CELLS,
) -> np.ndarray:
    """Return for each row whether taking away its top features took back more of the output than random ones.

    Top are those of greatest SHAP value in a row whose values add up to more than 0, of least in the others. On a
    sum of functions of single features no other set takes back more.

    Args:
        value: from a matrix ``(n, columns)`` to the explained output ``(n,)``.
        matrix: the rows ``(rows, columns)``.
        references: rows that the features taken away get their values from ``(m, columns)``; 20 are used.
        attributions: SHAP values ``(rows, features)``.
        seed: of the random features.
        players: ``(columns,)`` int, the feature that each column belongs to; by default each is one.
        cells: how many numbers the masked rows in memory hold at a time; the result does not depend on it.

    Returns:
        ``(rows,)``: 1, 0, or 0.5 for a tie. A single feature has nothing to be compared with, and ties.
    """
    rng = np.random.default_rng([seed, 2])
    number = -(-attributions.shape[1] // _SHARE)
    side = np.where(attributions.sum(1) < 0, -1.0, 1.0)
    masks = [_first(-side[:, None] * attributions, number), _first(rng.random(attributions.shape), number)]
    if players is not None:
        masks = [mask[:, players] for mask in masks]
    used = references[rng.permutation(len(references))[:_REFERENCES]]
    outputs = value(matrix)
    top, random = (side * (outputs - _without(value, matrix, used, mask, cells)) for mask in masks)
    # What is equal but for rounding, as of the same features in other batches, is a tie.
    near = np.isclose(top, random, rtol=1e-6, atol=1e-6 * float(np.abs(outputs).max()))
    return np.where(near, 0.5, (top > random).astype(float))


def _first(keys: np.ndarray, number: int) -> np.ndarray:
    """Return a mask of the ``number`` smallest keys of each row."""
    mask = np.zeros(keys.shape, bool)
    np.put_along_axis(mask, np.argsort(keys, axis=1, kind="stable")[:, :number], True, axis=1)
    return mask


def _without(
    value: Callable[[np.ndarray], np.ndarray],
    matrix: np.ndarray,
    references: np.ndarray,
    mask: np.ndarray,
    cells: int,
) -> np.ndarray:
    """Return each row's mean output with the masked features taken from every reference in turn."""
    step = max(1, cells // references.size)
    means = [
        value(np.where(m[:, None], references, x[:, None]).reshape(-1, matrix.shape[1]))
        .reshape(len(x), -1)
        .mean(1)
        for x, m in ((matrix[i : i + step], mask[i : i + step]) for i in range(0, len(matrix), step))
    ]
    return np.concatenate(means)
