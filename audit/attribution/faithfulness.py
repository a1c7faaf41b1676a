"""Faithfulness: whether removing the top features by SHAP value takes back more output than removing random ones.

After "comprehensiveness" in DeYoung et al. (2020), with reference rows in the place of deleted words. The features
are those that push the row's output to the side where it is: those of largest size of either sign would cancel.
"""

from collections.abc import Callable

import numpy as np

_Output = Callable[..., np.ndarray]
_MAX_REFERENCES = 20
_REMOVED_PART = 4  # a quarter of the features is taken away
_MAX_CELLS = 2**22
"""Numbers of the masked rows in memory at a time; the result does not depend on it."""


def faithfulness(
    f: _Output,
    matrix: np.ndarray,
    references: np.ndarray,
    attributions: np.ndarray,
    seed: int,
    feature_of_column: np.ndarray | None = None,
    targets: np.ndarray | None = None,
) -> np.ndarray:
    """Return for each row whether taking away its top features took back more of the output than random ones.

    Top are those of greatest SHAP value in a row whose values add up to more than 0, of least in the others. On a
    sum of functions of single features no other set takes back more.

    Args:
        f: from a matrix ``(n, columns)`` to the explained output ``(n,)``.
        matrix: the rows ``(rows, columns)``.
        references: rows that replace the features taken away ``(m, columns)``; 20 are used.
        attributions: SHAP values ``(rows, features)``.
        seed: seed of the random features.
        feature_of_column: ``(columns,)`` int, the feature that each column belongs to; by default each is one.
        targets: ``(rows,)``, what of each row is explained; ``f`` takes those of its lines as a second argument then.

    Returns:
        ``(rows,)``: 1, 0, or 0.5 for a tie. A single feature has nothing to be compared with, and ties.
    """
    rng = np.random.default_rng([seed, 2])
    number = -(-attributions.shape[1] // _REMOVED_PART)
    side = np.where(attributions.sum(1) < 0, -1.0, 1.0)
    masks = [_first(-side[:, None] * attributions, number), _first(rng.random(attributions.shape), number)]
    if feature_of_column is not None:
        masks = [mask[:, feature_of_column] for mask in masks]
    used = references[rng.permutation(len(references))[:_MAX_REFERENCES]]
    row_targets = () if targets is None else (targets,)
    outputs = f(matrix, *row_targets)
    top, random = (side * (outputs - _without(f, matrix, used, mask, *row_targets)) for mask in masks)
    # What is equal but for rounding, as of the same features in other batches, is a tie.
    near = np.isclose(top, random, rtol=1e-6, atol=1e-6 * float(np.abs(outputs).max()))
    return np.where(near, 0.5, (top > random).astype(float))


def _first(keys: np.ndarray, number: int) -> np.ndarray:
    """Return a mask of the ``number`` smallest keys of each row."""
    mask = np.zeros(keys.shape, bool)
    np.put_along_axis(mask, np.argsort(keys, axis=1, kind="stable")[:, :number], True, axis=1)
    return mask


def _without(
    f: _Output, matrix: np.ndarray, references: np.ndarray, mask: np.ndarray, *targets: np.ndarray
) -> np.ndarray:
    """Return each row's mean output with the masked features taken from every reference in turn."""
    step = max(1, _MAX_CELLS // references.size)
    means = []
    for start in range(0, len(matrix), step):
        part = slice(start, start + step)
        masked = np.where(mask[part, None], references, matrix[part, None])
        row_targets = (np.repeat(target[part], len(references)) for target in targets)
        outputs = f(masked.reshape(-1, matrix.shape[1]), *row_targets)
        means.append(outputs.reshape(-1, len(references)).mean(1))
    return np.concatenate(means)
