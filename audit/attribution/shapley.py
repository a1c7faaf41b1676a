"""Interventional SHAP values of a function, by enumeration or by sampling, whichever is cheaper."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import factorial, inf
from typing import TYPE_CHECKING, Literal

import numpy as np

from audit.attribution import permutation_shapley
from audit.attribution.coalitions import BatchFunction, Coalitions, CoalitionScheme, rows_per_call
from audit.attribution.permutation_shapley import ReferenceInfluence, ShapleyEstimate, min_passes
from audit.frameworks.output_silencing import quiet

if TYPE_CHECKING:
    import shap


@dataclass(frozen=True)
class Attributions:
    """Interventional SHAP values: in each row, ``base + values.sum()`` is the output, to rounding.

    Attributes:
        values: (rows, features) float64, in the unit of the explained function.
        errors: (rows, features) float64, one standard error of each value for these references, without that of
            their choice (see `permutation_shapley.RunningEstimate`); 0 where enumerated.
        by_reference: (m, features) float64, each reference's contribution to the features' mean absolute values: their
            variation measures how much the choice of the references matters (`permutation_shapley.ReferenceInfluence`).
        base: (rows,) float64, mean of the function over the references; equal in all rows of one target.
        outputs: (rows,) float64, the function at the rows.
        rounds: (rows,) int, each row's passes over the references; 0 where enumerated.
        evaluations: number of rows that the function was evaluated on, padding to constant shapes not counted.
        method: ``exact`` (all coalitions) or ``permutation`` (sampled).
    """

    values: np.ndarray
    errors: np.ndarray
    by_reference: np.ndarray
    base: np.ndarray
    outputs: np.ndarray
    rounds: np.ndarray
    evaluations: int
    method: Literal["exact", "permutation"]

    def explanation(self, data: np.ndarray, names: Sequence[str]) -> "shap.Explanation":
        """Return the values as the object that shap's plots take.

        Args:
            data: (rows, features), values to show for the features.
            names: names of the features, in the order of the columns.
        """
        with quiet():
            import shap
        return shap.Explanation(
            values=self.values,
            base_values=self.base,
            data=data,
            feature_names=list(names),
            error_std=self.errors,
        )


def evaluation_range(rows: int, references: int, features: int) -> tuple[int, int]:
    """Return the least and the most evaluations that `attribute` takes without a limit on them."""
    ends = 2 * max(rows, references)
    pairs = rows * references
    if _is_enumerated(features, references):
        number = ends + 2 * pairs * _coalitions(features)
        return number, number
    passes = pairs * min_passes(references) * permutation_shapley.evaluations_per_pair(features)
    return ends + passes, ends + passes * permutation_shapley.MAX_PASS_FACTOR


def _coalitions(features: int) -> int:
    """Return the number of coalitions but for the empty one and the complements: those with the last feature."""
    return int((1 << (features - 1)) - 1)


def _is_enumerated(features: int, references: int) -> bool:
    """Return whether that takes no more than sampling at least: 3 features, up to 11 at one reference."""
    return _coalitions(features) <= (features - 1) * permutation_shapley.DRAWS * min_passes(references)


def attribute(
    f: BatchFunction,
    rows: np.ndarray,
    background: np.ndarray,
    *,
    feature_of_column: np.ndarray | None = None,
    floats_per_row: int = 1,
    targets: np.ndarray | None = None,
    seed: int,
    tolerance: float,
    memory_bytes: int,
    max_evaluations: float = inf,
) -> Attributions:
    """Estimate the interventional SHAP values of ``f`` at ``rows`` against ``background``.

    All coalitions are enumerated where that takes no more evaluations than sampling takes at least; then the values
    are exact. Else a row samples permutations until its standard errors are small enough, for
    `permutation_shapley.MAX_PASS_FACTOR` times the least passes, or until all rows together have taken
    ``max_evaluations``. The sample depends on the seed, the row's index and the pass only. Where no more than two
    features interact, sampled values are exact, too.

    Args:
        f: (n, columns) float tensor to (n,) float tensor; traceable by ``tf.function``.
        rows: (rows, columns) float32 or float64, at least one row.
        background: (m, columns), of the same dtype: each in turn is the reference that absent features are taken from.
        feature_of_column: (columns,) int, the feature that each column belongs to, from 0: columns of one feature are
            masked together, such as those of a one-hot code. By default each column is a feature.
        floats_per_row: most floats that the function holds for one row in between; sets, with ``memory_bytes``, the
            rows of a call.
        targets: (rows,) int32, what of each row is explained, such as its class; ``f`` takes those of its lines then.
        seed: seed of the permutations, 0 to 2^128 - 1.
        tolerance: largest ratio of the norm of a row's standard errors to that of its values, at which it is done.
        memory_bytes: size of the widest tensor of one call; three calls run at once.
        max_evaluations: number of masked rows at which sampling ends, although errors are larger than the tolerance;
            `permutation_shapley.min_passes` are made in any case.

    Raises:
        ValueError: the function is NaN or infinite somewhere; the message names the row or reference.
    """
    if feature_of_column is None:
        feature_of_column = np.arange(rows.shape[1])
    features = int(feature_of_column.max()) + 1
    m = len(background)
    exact = _is_enumerated(features, m)
    scheme = permutation_shapley.scheme(features)
    if exact:  # coalitions are numbered by the bits of their features
        scheme = CoalitionScheme(
            inside=lambda bit, level: bit & level != 0, levels=_coalitions(features), draws=1
        )
    rows_of_call = rows_per_call(rows, floats_per_row, memory_bytes)
    coalitions = Coalitions(f, rows, background, feature_of_column, scheme, rows_of_call, targets)
    ends = coalitions.ends
    if exact:
        estimate = _enumerate(coalitions, features)
    else:
        estimate = permutation_shapley.sample(coalitions, features, seed, tolerance, max_evaluations)
    pairs = m * (len(rows) if exact else int(estimate.rounds.sum()))
    return Attributions(
        **estimate._asdict(),
        base=ends.base,
        outputs=ends.rows,
        evaluations=2 * (max(len(rows), m) + pairs * scheme.levels),
        method="exact" if exact else "permutation",
    )


def _bits(features: int) -> np.ndarray:
    return np.left_shift(1, np.arange(features), dtype=np.int32)


def _enumerate(coalitions: Coalitions, features: int) -> ShapleyEstimate:
    """Compute the values from all coalitions: exact for these references, and without a standard error.

    Source: Shapley's formula, as in Lundberg and Lee, Advances in Neural Information Processing Systems 30
    (2017), equation 4.
    """
    ends = coalitions.ends
    work = partial(_contributions, coalitions, features)
    values = np.empty((len(ends.rows), features))
    influence = ReferenceInfluence(ends.reference_count, features)
    for rows, contributions in coalitions.by_groups(work, np.arange(len(ends.rows))):
        values[rows] = contributions.mean(axis=1)
        influence.add(contributions)
    rounds = np.zeros(len(values), np.int64)
    return ShapleyEstimate(values, np.zeros_like(values), influence.by_reference, rounds)


def _contributions(coalitions: Coalitions, features: int, rows: np.ndarray) -> np.ndarray:
    """Return the values against each single reference (rows, references, features)."""
    keys = np.broadcast_to(_bits(features), (len(rows) * coalitions.ends.reference_count, features))
    levels = np.arange(1, 1 << (features - 1), dtype=np.int32)
    differences = coalitions.contrasts(rows, keys, levels)
    return np.asarray(differences[:-1].T @ _weights(features)).reshape(len(rows), -1, features)


def _weights(features: int) -> np.ndarray:
    """Return each coalition's weight in each feature's value (coalitions, features); a complement's is the negative."""
    within = np.arange(1 << (features - 1))[:, None] & _bits(features) != 0
    orders = [factorial(s) * factorial(features - 1 - s) / factorial(features) for s in range(features)]
    size = within.sum(axis=1, keepdims=True)
    weights = np.where(within, np.take(orders, size - 1, mode="clip"), -np.take(orders, size, mode="clip"))
    return np.asarray(weights)
