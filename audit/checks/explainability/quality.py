"""How far SHAP values of sampled rows can be trusted: whether they add up, repeat, and name what moves the output."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from audit.attribution.faithfulness import faithfulness
from audit.attribution.rank_stability import rank_stability
from audit.checks.explainability.explanation import Explained
from audit.result import Measurement, Note


def quality(
    explained: Explained, seed: int, values: np.ndarray, players: np.ndarray | None = None
) -> Iterator[Measurement]:
    """Yield how well the values add up, how stable the features' ranks are, and how faithful the values.

    Args:
        explained: the rows.
        seed: of what is drawn.
        values: SHAP values ``(rows, features)``.
        players: the feature that each number of a row belongs to; by default each is one.
    """
    rows = len(explained.rows)
    error = _additivity_error(explained, values)
    yield Measurement(metric="explainability.additivity_error", value=error, n=rows, method="exact")
    yield stability(explained, seed, values)
    yield _faithfulness(explained, seed, values, players)


def sampling(explained: Explained) -> Note:
    """Return how far the draw of permutations leaves the values open, which no sum of a row shows."""
    found = explained.found
    if found.method == "exact":
        return Note(text="The SHAP values are enumerated: exact against these reference rows.")
    sizes = np.maximum(np.linalg.norm(found.values, axis=1), np.finfo(float).tiny)
    relative = np.linalg.norm(found.errors, axis=1) / sizes
    median, most = (_per_cent(float(part)) for part in (np.median(relative), relative.max()))
    return Note(
        text=f"Sampling leaves the SHAP values of a row a standard error of {median} of their length (median; at most "
        f"{most}); additivity_error holds rounding alone."
    )


def _per_cent(share: float) -> str:
    return f"{100 * share:.2g} %" if share >= 1e-4 else "less than 0.01 %"


def _additivity_error(explained: Explained, values: np.ndarray) -> float:
    outputs = explained.value(explained.matrix)
    missed = np.abs(explained.found.base + values.sum(1) - outputs)
    return float(missed.max() / max(1.0, np.abs(outputs).max()))


def stability(explained: Explained, seed: int, values: np.ndarray) -> Measurement:
    """Return how alike two halves of the rows rank the features by ``values``, SHAP values ``(rows, features)``."""
    weighted = explained.weighted
    stable = rank_stability(np.abs(values), seed, weighted.weights, weighted.clusters)
    known = math.isfinite(stable.error)
    return Measurement(
        metric="explainability.rank_stability",
        value=stable.value,
        n=len(explained.rows),
        method="stability-z" if known else "none",
        se=stable.error if known else None,
        counts={"groups": [float(stable.groups)], "step": [stable.step]} if known else {},
    )


def _faithfulness(
    explained: Explained, seed: int, values: np.ndarray, players: np.ndarray | None
) -> Measurement:
    """Return the share of rows; NaN for a single feature, which leaves no others to take away."""
    share, counts = float("nan"), {}
    if values.shape[1] > 1:
        matrix, references = explained.matrix, explained.references
        won = faithfulness(explained.value, matrix, references, values, seed, players)
        share, trials = (
            float(part[0]) for part in (explained.weighted.mean(won), explained.weighted.effective_rows())
        )
        counts = {"rate": [share * trials, trials]}
    return Measurement(
        metric="explainability.faithfulness",
        value=share,
        n=len(explained.rows),
        method="clopper-pearson",
        counts=counts,
    )
