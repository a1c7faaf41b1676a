"""Metrics of SHAP values of sampled rows: importance of features, share of protected attributes, quality."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from audit.attribution.faithfulness import faithfulness
from audit.attribution.rank_stability import rank_stability, round_ties, spearman
from audit.checks.explainability.explanation import Explanation
from audit.checks.explainability.protected_columns import ProtectedColumns
from audit.result import Measurement, Note, Scalar
from audit.stats.influence import Influence, Traced
from audit.stats.maximum import contenders

_ROUNDING = 1e-6  # of 32-bit outputs, relative to the largest, with some room


def importance(explanation: Explanation) -> Iterator[Measurement]:
    """Yield magnitude, direction and share of every feature, the most important first."""
    for feature in explanation.order:
        column = explanation.columns[feature]
        where: dict[str, Scalar] = {"feature": column.name}
        yield _mean_magnitude(feature, explanation, where)
        yield _share("attribution_share", [feature], explanation, where)
        if column.vocabulary is None and column.shape is None:
            yield _direction(feature, explanation, where)


def largest_share(measurements: Iterable[Measurement]) -> Measurement:
    """Return the largest ``attribution_share``, with limits that know that it was chosen for its size."""
    shares = [m for m in measurements if m.metric == "explainability.attribution_share"]
    top = max(shares, key=lambda m: -1.0 if math.isnan(m.value) else m.value)
    largest = replace(top, metric="explainability.largest_share", where={})
    if top.method != "mean-t":  # the share of one feature does not differ from row to row
        return largest
    estimated = [m for m in shares if m.method == "mean-t"]
    if any(m.se is None for m in estimated):
        return replace(largest, method="none", se=None, counts={})
    values = [m.value for m in estimated]
    errors = [m.se or 0.0 for m in estimated]
    places = contenders(values, errors)
    counts = {
        **top.counts,
        "number": [float(len(shares))],
        "values": [values[place] for place in places],
        "errors": [errors[place] for place in places],
    }
    return replace(largest, method="largest-t", se=None, counts=counts)


def protected_shares(explanation: Explanation, columns: ProtectedColumns, data_rows: int) -> Iterator[Traced]:
    """Yield the share of every protected attribute; exactly 0 for one without columns."""
    for attribute, names in columns.items():
        where: dict[str, Scalar] = {"attribute": attribute}
        features = [place for place, column in enumerate(explanation.columns) if column.name in names]
        share = explanation.measurement("protected_share", 0.0, "exact", where)
        if names:
            share = _share("protected_share", features, explanation, where)
        yield Traced(share, partial(_share_influence, features, explanation, data_rows))


def _share_influence(features: list[int], explanation: Explanation, data_rows: int) -> Influence:
    """Return the influence of each row of the data, and of each reference row, on a share, to first order."""
    parts = _share_parts(features, explanation)
    row_weights = explanation.partition.weights
    weights = np.ones(len(explanation.rows)) if row_weights is None else row_weights
    values = np.zeros(data_rows)
    values[explanation.rows] = weights * parts.row_deviations / parts.total / weights.sum()
    references = parts.reference_deviations / parts.total
    return Influence(values, (references - references.mean()) / len(references))


class _ShareParts(NamedTuple):
    """Sum of all mean magnitudes, the features' share of it, and how far rows and references deviate from that."""

    total: float
    share: float
    row_deviations: np.ndarray
    reference_deviations: np.ndarray


def _share_parts(features: list[int], explanation: Explanation) -> _ShareParts:
    magnitudes = explanation.magnitudes[:, features].sum(1)
    by_reference = explanation.attributions.by_reference
    total = explanation.mean(explanation.total_magnitudes)
    share = explanation.mean(magnitudes) / total if total > 0 else float("nan")
    row_deviations = magnitudes - share * explanation.total_magnitudes
    reference_deviations = by_reference[:, features].sum(1) - share * by_reference.sum(1)
    return _ShareParts(total, share, row_deviations, reference_deviations)


def _direction(feature: int, explanation: Explanation, where: dict[str, Scalar]) -> Measurement:
    # Equal effects differ in the last digit: without a look at that, ranks of a 0/1 column would be those of noise.
    noise = _ROUNDING * float(np.abs(explanation.attributions.outputs).max())
    levels = round_ties(explanation.attributions.values[:, feature], noise)
    value = spearman(explanation.matrix[:, feature], levels, explanation.partition.weights)
    counts = {"rows": [explanation.effective_rows]}
    return explanation.measurement("attribution_direction", value, "fisher-z", where, counts=counts)


def _mean_magnitude(feature: int, explanation: Explanation, where: dict[str, Scalar]) -> Measurement:
    mean = float(explanation.mean_magnitudes[feature])
    influence = explanation.magnitudes[:, feature] - mean
    by_reference = explanation.attributions.by_reference[:, feature]
    details = _mean_error(influence, by_reference, explanation)
    return explanation.measurement("mean_abs_attribution", mean, "mean-t", where, **details)


def _share(name: str, features: list[int], explanation: Explanation, where: dict[str, Scalar]) -> Measurement:
    """Return the features' part of the sum of all means, with its linearized standard error.

    Where all rows have the same share, as of a feature that the model ignores, they show no spread that an
    error could be estimated from. The interval is then that of a proportion of the rows.
    """
    total, share, row_deviations, reference_deviations = _share_parts(features, explanation)
    if row_deviations.any():
        details = _mean_error(row_deviations / total, reference_deviations / total, explanation)
        return explanation.measurement(name, share, "mean-t", where, **details)
    return _proportion(name, share, explanation, where)


def _proportion(
    name: str, share: float, explanation: Explanation, where: dict[str, Scalar] | None = None
) -> Measurement:
    trials = explanation.effective_rows
    counts = {"rate": [share * trials, trials]}
    return explanation.measurement(name, share, "clopper-pearson", where, counts=counts)


def _mean_error(influence: np.ndarray, by_reference: np.ndarray, explanation: Explanation) -> dict[str, Any]:
    """Return counts and standard error of a mean of two draws: of the rows, and of the reference rows."""
    row_error = float(explanation.partition.standard_error(influence)[0])
    reference_error = float(by_reference.std(ddof=1)) / len(by_reference) ** 0.5  # NaN for a single one
    error = (row_error**2 + reference_error**2) ** 0.5
    return {"se": error if np.isfinite(error) else None, "counts": {"rows": [explanation.effective_rows]}}


def quality(
    explanation: Explanation, seed: int, values: np.ndarray, feature_of_column: np.ndarray | None = None
) -> Iterator[Measurement]:
    """Yield how well the values add up, how stable the features' ranks are, and how faithful the values.

    Args:
        explanation: the rows.
        seed: seed of the random splits and features.
        values: SHAP values ``(rows, features)``.
        feature_of_column: the feature that each number of a row belongs to; by default each is one.
    """
    outputs = explanation.output(explanation.matrix)
    gaps = np.abs(explanation.attributions.base + values.sum(1) - outputs)
    error = float(gaps.max() / max(1.0, np.abs(outputs).max()))
    yield explanation.measurement("additivity_error", error, "exact")
    yield stability(explanation, seed, values)
    yield _faithfulness(explanation, seed, values, feature_of_column)


def sampling_note(explanation: Explanation) -> Note:
    """Return the standard error that the draw of permutations leaves, which no sum of a row shows."""
    attributions = explanation.attributions
    if attributions.method == "exact":
        return Note(text="The SHAP values are enumerated: exact against these reference rows.")
    lengths = np.maximum(np.linalg.norm(attributions.values, axis=1), np.finfo(float).tiny)
    relative = np.linalg.norm(attributions.errors, axis=1) / lengths
    median, largest = (_per_cent(float(part)) for part in (np.median(relative), relative.max()))
    return Note(
        text=f"Sampling leaves the SHAP values of a row a standard error of {median} of their length (median; at most "
        f"{largest}); additivity_error holds rounding alone."
    )


def _per_cent(share: float) -> str:
    return f"{100 * share:.2g} %" if share >= 1e-4 else "less than 0.01 %"


def stability(explanation: Explanation, seed: int, values: np.ndarray) -> Measurement:
    """Return the agreement of two halves of the rows on the features' ranks by SHAP values ``(rows, features)``."""
    partition = explanation.partition
    stable = rank_stability(np.abs(values), seed, partition.weights, partition.clusters)
    if not math.isfinite(stable.error):
        return explanation.measurement("rank_stability", stable.value, "none")
    counts = {"groups": [float(stable.groups)], "step": [stable.step]}
    if math.isfinite(stable.half_sample_error):
        counts["half_sample_error"] = [stable.half_sample_error]
    return explanation.measurement(
        "rank_stability", stable.value, "stability-z", se=stable.error, counts=counts
    )


def _faithfulness(
    explanation: Explanation, seed: int, values: np.ndarray, feature_of_column: np.ndarray | None
) -> Measurement:
    """Return the share of rows; NaN for a single feature, which leaves no others to take away."""
    if values.shape[1] < 2:
        return explanation.measurement("faithfulness", float("nan"), "clopper-pearson")
    rows = (explanation.matrix, explanation.references)
    wins = faithfulness(explanation.output, *rows, values, seed, feature_of_column)
    return _proportion("faithfulness", explanation.mean(wins), explanation)
