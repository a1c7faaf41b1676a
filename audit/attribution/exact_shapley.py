"""Exact SHAP values from all coalitions, for few features.

Source: Shapley's formula, as in Lundberg and Lee, Advances in Neural Information Processing Systems 30
(2017), equation 4.
"""

from __future__ import annotations

from functools import partial
from math import factorial

import numpy as np

from audit.attribution.coalitions import Coalitions, CoalitionScheme
from audit.attribution.contrasts import Ends, contrasts
from audit.attribution.running_estimate import ReferenceInfluence, ShapleyEstimate


def scheme(features: int) -> CoalitionScheme:
    """Number coalitions by the bits of their features; those with the last feature are complements.

    The empty one is left out: it and its complement are the ends.
    """
    levels = (1 << (features - 1)) - 1
    return CoalitionScheme(inside=lambda bit, level: bit & level != 0, levels=levels, draws=1)


def _bits(features: int) -> np.ndarray:
    return np.left_shift(1, np.arange(features), dtype=np.int32)


def enumerate_coalitions(coalitions: Coalitions, ends: Ends, features: int) -> ShapleyEstimate:
    """Compute the values from all coalitions: exact for these references, and without a standard error.

    Raises:
        ValueError: the function is not finite on a masked row.
    """
    work = partial(_contributions, coalitions, ends, features)
    values = np.empty((len(ends.rows), features))
    influence = ReferenceInfluence(len(ends.references), features)
    for rows, contributions in coalitions.by_groups(work, np.arange(len(ends.rows))):
        values[rows] = contributions.mean(axis=1)
        influence.add(contributions)
    rounds = np.zeros(len(values), np.int64)
    return ShapleyEstimate(values, np.zeros_like(values), influence.by_reference, rounds)


def _contributions(coalitions: Coalitions, ends: Ends, features: int, rows: np.ndarray) -> np.ndarray:
    """Return the values against each single reference (rows, references, features)."""
    keys = np.broadcast_to(_bits(features), (len(rows) * len(ends.references), features))
    levels = np.arange(1, 1 << (features - 1), dtype=np.int32)
    differences = contrasts(coalitions, ends, rows, keys, levels)
    return np.asarray(differences[:-1].T @ _weights(features)).reshape(len(rows), -1, features)


def _weights(features: int) -> np.ndarray:
    """Return each coalition's weight in each feature's value (coalitions, features); a complement's is the negative."""
    within = np.arange(1 << (features - 1))[:, None] & _bits(features) != 0
    orders = [factorial(s) * factorial(features - 1 - s) / factorial(features) for s in range(features)]
    size = within.sum(axis=1, keepdims=True)
    weights = np.where(within, np.take(orders, size - 1, mode="clip"), -np.take(orders, size, mode="clip"))
    return np.asarray(weights)
