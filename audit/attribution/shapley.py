"""Interventional SHAP values of a function, by enumeration or by sampling, whichever is cheaper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from audit.attribution import exact_shapley, permutation_shapley
from audit.attribution.coalitions import BatchFunction, Coalitions, rows_per_call
from audit.attribution.contrasts import evaluate_ends
from audit.attribution.running_estimate import min_passes
from audit.frameworks.output_silencing import quiet

if TYPE_CHECKING:
    import shap


@dataclass(frozen=True)
class Attributions:
    """Interventional SHAP values: in each row, ``base + values.sum()`` is the output, to rounding.

    Attributes:
        values: (rows, features) float64, in the unit of the explained function.
        errors: (rows, features) float64, one standard error of each value for these references, without that of
            their choice (see `running_estimate.RunningEstimate`); 0 where enumerated.
        by_reference: (m, features) float64, each reference's contribution to the features' mean absolute values: their
            variation measures how much the choice of the references matters (`running_estimate.ReferenceInfluence`).
        base: mean of the function over the references.
        outputs: (rows,) float64, the function at the rows.
        rounds: (rows,) int, each row's passes over the references; 0 where enumerated.
        evaluations: number of rows that the function was evaluated on, padding to constant shapes not counted.
        method: ``exact`` (all coalitions) or ``permutation`` (sampled).
    """

    values: np.ndarray
    errors: np.ndarray
    by_reference: np.ndarray
    base: float
    outputs: np.ndarray
    rounds: np.ndarray
    evaluations: int
    method: Literal["exact", "permutation"]

    def explanation(self, data: np.ndarray, names: Sequence[str]) -> shap.Explanation:
        """Return the values as the object that shap's plots take.

        Args:
            data: (rows, features), values to show for the features.
            names: names of the features, in the order of the columns.
        """
        with quiet():
            import shap
        return shap.Explanation(
            values=self.values,
            base_values=np.full(len(self.values), self.base),
            data=data,
            feature_names=list(names),
            error_std=self.errors,
        )


def attribute(
    f: BatchFunction,
    rows: np.ndarray,
    background: np.ndarray,
    *,
    feature_of_column: np.ndarray | None = None,
    floats_per_row: int = 1,
    seed: int,
    tolerance: float,
    memory_bytes: int,
) -> Attributions:
    """Estimate the interventional SHAP values of ``f`` at ``rows`` against ``background``.

    All coalitions are enumerated where that takes no more evaluations than sampling takes at least;
    then the values are exact. Else a row samples permutations until its standard errors are small enough,
    or for `running_estimate.MAX_PASS_FACTOR` times the least passes. The sample depends on the seed, the row's index
    and the pass only. Where no more than two features interact, sampled values are exact, too.

    Args:
        f: (n, columns) float tensor to (n,) float tensor; traceable by ``tf.function``.
        rows: (rows, columns) float32 or float64, at least one row.
        background: (m, columns), of the same dtype: each in turn is the reference that absent features are taken from.
        feature_of_column: (columns,) int, the feature that each column belongs to, from 0: columns of one feature are
            masked together, such as those of a one-hot code. By default each column is a feature.
        floats_per_row: most floats that the function holds for one row in between; sets, with ``memory_bytes``, the
            rows of a call.
        seed: seed of the permutations, 0 to 2^128 - 1.
        tolerance: largest ratio of the norm of a row's standard errors to that of its values, at which it is done.
        memory_bytes: size of the widest tensor of one call; three calls run at once.

    Raises:
        ValueError: the function is NaN or infinite somewhere; the message names the row or reference.
    """
    if feature_of_column is None:
        feature_of_column = np.arange(rows.shape[1])
    features = int(feature_of_column.max()) + 1
    m = len(background)
    exact = _enumerates(features, m)
    scheme = exact_shapley.scheme(features) if exact else permutation_shapley.scheme(features)
    rows_of_call = rows_per_call(rows, floats_per_row, memory_bytes)
    coalitions = Coalitions(f, rows, background, feature_of_column, scheme, rows_of_call)
    ends = evaluate_ends(coalitions, len(rows), m, features)
    if exact:
        estimate = exact_shapley.enumerate_coalitions(coalitions, ends, features)
    else:
        estimate = permutation_shapley.sample(coalitions, ends, features, seed, tolerance)
    pairs = m * (len(rows) if exact else int(estimate.rounds.sum()))
    return Attributions(
        **estimate._asdict(),
        base=float(ends.references.mean()),
        outputs=ends.rows,
        evaluations=2 * (max(len(rows), m) + pairs * scheme.levels),
        method="exact" if exact else "permutation",
    )


def _enumerates(features: int, references: int) -> bool:
    """Whether there are no more coalitions than sampling evaluates at least: 3 features, up to 11 at one reference."""
    steps = (features - 1) * permutation_shapley.DRAWS * min_passes(references)
    return (1 << (features - 1)) - 1 <= steps
