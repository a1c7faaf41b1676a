"""Attributes the outputs of a function to its features, in the cheaper of two ways."""

from __future__ import annotations

import numpy as np

from audit.attribution import exact_shapley, permutation_shapley
from audit.attribution.coalitions import Coalitions, Value
from audit.attribution.contrasts import evaluate_ends
from audit.attribution.result import Attributions
from audit.attribution.running_estimate import least_passes


def attribute(
    value: Value,
    x: np.ndarray,
    references: np.ndarray,
    *,
    players: np.ndarray | None = None,
    width: int = 1,
    seed: int,
    error: float,
    memory: int,
) -> Attributions:
    """Estimate the interventional SHAP values of ``value`` at the rows ``x``.

    All coalitions are enumerated where that takes no more evaluations than sampling takes at least;
    then the values are exact. Else a row samples permutations until its standard errors are small enough,
    or for `running_estimate.MOST_PASSES` times the least. What is sampled depends on the seed, the row's index and
    the pass only. Where no more than two features interact, sampled values are exact, too.

    Args:
        value: (n, columns) float tensor to (n,) float tensor; traceable by ``tf.function``.
        x: (rows, columns) float32 or float64, at least one row.
        references: (m, columns), of the same dtype: each in turn stands for the features left out.
        players: (columns,) int, the feature that each column belongs to, from 0: columns of one feature are masked
            together, such as those of a one-hot code. By default each column is a feature.
        width: numbers that the function holds for a row in between, at most; sets, with ``memory``, the rows of a call.
        seed: of the permutations, 0 to 2^128 - 1.
        error: a row is done when the norm of its standard errors is this share of that of its values, or less.
        memory: bytes of the widest tensor of one call, of which three are under way at once.

    Raises:
        ValueError: the function is NaN or infinite somewhere; the message names the row or reference.
    """
    players = np.arange(x.shape[1]) if players is None else players
    rows, features, m = len(x), int(players.max()) + 1, len(references)
    exact = _enumerates(features, m)
    scheme = exact_shapley.scheme(features) if exact else permutation_shapley.scheme(features)
    coalitions = Coalitions(value, x, references, players, scheme, width, memory)
    ends = evaluate_ends(coalitions, rows, m, features)
    if exact:
        values, influence = exact_shapley.enumerate_coalitions(coalitions, ends, features)
        errors, rounds = np.zeros_like(values), np.zeros(rows, np.int64)
    else:
        running = permutation_shapley.sample(coalitions, ends, seed=seed, error=error, features=features)
        values, errors, rounds = running.values, running.errors, scheme.draws * running.passes
        influence = running.influence
    pairs = m * (rows if exact else int(rounds.sum()))
    return Attributions(
        values=values,
        errors=errors,
        by_reference=influence.by_reference,
        base=float(ends.references.mean()),
        outputs=ends.rows,
        rounds=rounds,
        evaluations=2 * (max(rows, m) + pairs * scheme.levels),
        method="exact" if exact else "permutation",
    )


def _enumerates(features: int, references: int) -> bool:
    """Whether there are no more coalitions than sampling evaluates at least: 3 features, up to 11 at one reference."""
    steps = (features - 1) * permutation_shapley.DRAWS * least_passes(references)
    return (1 << (features - 1)) - 1 <= steps
