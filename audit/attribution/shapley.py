"""Interventional SHAP values of a function, by enumeration or by sampling, whichever is cheaper."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Literal

import numpy as np

from audit.attribution import exact_shapley, permutation_shapley
from audit.attribution.coalitions import (
    BatchFunction,
    MaskedFunction,
    MaskedGraph,
    end_evaluations,
    rows_per_call,
)
from audit.attribution.exact_shapley import CoalitionEnumerator
from audit.attribution.pass_plan import PassPlan
from audit.attribution.permutation_pass import PassSampler
from audit.execution import LOCAL, Backend
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
        base: (rows,) float64, mean of the function over the references; equal in all rows of one target.
        outputs: (rows,) float64, the function at the rows.
        rounds: (rows,) int, how often each row used each reference; 0 where enumerated.
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


def evaluation_range(
    rows: int, references: int, features: int, differing: int = 0, targets: int = 1
) -> tuple[int, int]:
    """Return the least and the most evaluations that `attribute` takes without a limit on them.

    The least are those of rows that differ from each reference in ``differing`` features: the others cost nothing.
    """
    ends = end_evaluations(rows, references, targets)
    if _is_enumerated(features, references):
        pairs = 2 * rows * references
        lowest, highest = (pairs * exact_shapley.coalitions_of_pair(n) for n in (differing, features))
    else:
        plan = PassPlan.of(references)
        lowest = 2 * rows * plan.masks(differing)
        highest = 2 * rows * plan.masks(features) * permutation_shapley.MAX_PASSES
    return ends + lowest, ends + highest


def _is_enumerated(features: int, references: int) -> bool:
    """Return whether that takes no more than sampling at least: 3 features, up to 11 at one reference."""
    coalitions = references * exact_shapley.coalitions_of_pair(features)
    return coalitions <= PassPlan.of(references).masks(features)


def attribute(
    f: BatchFunction | MaskedGraph,
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
    backend: Backend = LOCAL,
) -> Attributions:
    """Estimate the interventional SHAP values of ``f`` at ``rows`` against ``background``.

    All coalitions are enumerated where that takes no more evaluations than sampling takes at least; then the values
    are exact. Else a row samples permutations until its standard errors are small enough, for
    `permutation_shapley.MAX_PASSES` passes, or until all rows together have taken ``max_evaluations``. Features that
    have the same value in the row and in a reference take no evaluations against it. The sample depends on the seed,
    the row's index and the pass only. Where no more than two features interact, sampled values are exact, too.

    Args:
        f: (n, columns) float tensor to (n,) float tensor; traceable by ``tf.function``. Calls that are given the same
            graph of it trace it once.
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
            one pass is made in any case.
        backend: computes groups of rows, whose borders do not depend on it.

    Raises:
        ValueError: the function is NaN or infinite somewhere; the message names the row or reference.
    """
    if feature_of_column is None:
        feature_of_column = np.arange(rows.shape[1])
    features = int(feature_of_column.max()) + 1
    exact = _is_enumerated(features, len(background))
    rows_of_call = rows_per_call(rows, floats_per_row, memory_bytes)
    masked_graph = f if isinstance(f, MaskedGraph) else MaskedGraph(f)
    masked = MaskedFunction(masked_graph, rows, background, rows_of_call, targets)
    if exact:
        estimate = exact_shapley.enumerate_coalitions(CoalitionEnumerator(masked, feature_of_column), backend)
    else:
        sampler = PassSampler(masked, feature_of_column, seed)
        estimate = permutation_shapley.sample(sampler, tolerance, max_evaluations, backend)
    ends = masked.ends
    return Attributions(
        **estimate._replace(evaluations=estimate.evaluations + ends.evaluations)._asdict(),
        base=ends.base,
        outputs=ends.rows,
        method="exact" if exact else "permutation",
    )
