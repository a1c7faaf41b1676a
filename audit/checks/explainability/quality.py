"""How far SHAP values of sampled rows can be trusted: whether they add up, repeat, and name what moves the output."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.attribution.faithfulness import faithfulness
from audit.attribution.stability import rank_stability
from audit.checks.explainability.explained import Explained
from audit.result import Measurement


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
    rows, weighted = len(explained.rows), explained.weighted
    error = _additivity_error(explained, values)
    yield Measurement(metric="explainability.additivity_error", value=error, n=rows, method="exact")
    stable = rank_stability(np.abs(values), seed, weighted.weights, weighted.clusters)
    yield Measurement(metric="explainability.rank_stability", value=stable, n=rows, method="none")
    yield _faithfulness(explained, seed, values, players)


def _additivity_error(explained: Explained, values: np.ndarray) -> float:
    outputs = explained.value(explained.matrix)
    missed = np.abs(explained.found.base + values.sum(1) - outputs)
    return float(missed.max() / max(1.0, np.abs(outputs).max()))


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
