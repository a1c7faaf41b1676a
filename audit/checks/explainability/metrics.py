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
from audit.stats import interval
from audit.stats.influence import Influence, Traced
from audit.stats.maximum import contenders
from audit.stats.rows_and_references import ROWS_AND_REFERENCES

_CONFIDENCES = (0.8, 0.95, 0.999)
"""Confidences at which an error of Student's t reaches the limits of a skewed share, and so about in between."""
_ROUNDING = 1e-6  # of 32-bit outputs, relative to the largest, with some room


def importance(explanation: Explanation) -> Iterator[Measurement]:
    """Yield magnitude, direction and share of every feature, the most important first.

    Where rows are explained for different classes, no direction is common to them.
    """
    for feature in explanation.order:
        column = explanation.columns[feature]
        where: dict[str, Scalar] = {"feature": column.name}
        yield _mean_magnitude(feature, explanation, where)
        yield _share("attribution_share", [feature], explanation, where)
        if column.vocabulary is None and column.shape is None and explanation.targets is None:
            yield _direction(feature, explanation, where)


def largest_share(measurements: Iterable[Measurement]) -> Measurement:
    """Return the largest ``attribution_share``, with limits that know that it was chosen for its size."""
    shares = [m for m in measurements if m.metric == "explainability.attribution_share"]
    top = max(shares, key=lambda m: -1.0 if math.isnan(m.value) else m.value)
    largest = replace(top, metric="explainability.largest_share", where={})
    if top.method != ROWS_AND_REFERENCES.name:  # the share of one feature does not differ from row to row
        return largest
    estimated = [m for m in shares if m.method == ROWS_AND_REFERENCES.name]
    values = [m.value for m in estimated]
    errors = [_largest_error(m) for m in estimated]
    if any(map(math.isnan, errors)):
        return replace(largest, method="none", se=None, counts={})
    places = contenders(values, errors)
    counts = {
        "rows": top.counts["rows"],
        "number": [float(len(shares))],
        "values": [values[place] for place in places],
        "errors": [errors[place] for place in places],
    }
    return replace(largest, method="largest-t", se=None, counts=counts)


def _largest_error(share: Measurement) -> float:
    """Return the standard error whose upper limits by Student's t reach at least those of the share; NaN if unknown."""
    from scipy.special import stdtrit

    spans = [(confidence, interval(share, confidence)) for confidence in _CONFIDENCES]
    (rows,) = share.counts["rows"]
    reach = [
        math.nan
        if span is None
        else (span[1] - share.value) / -float(stdtrit(rows - 1.0, (1.0 - confidence) / 2.0))
        for confidence, span in spans
    ]
    return max(reach)


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
    by_reference = explanation.attributions.by_reference[:, feature]
    masses = (0.0, float(explanation.rare.masses[feature]))
    magnitudes = (explanation.magnitudes[:, feature], explanation.completed_magnitudes[:, feature])
    sides = [
        _Side.of(
            explanation.mean(values) + mass, values - explanation.mean(values), by_reference, explanation
        )
        for values, mass in zip(magnitudes, masses, strict=True)
    ]
    details = _two_draws(sides, [feature], explanation)
    return explanation.measurement("mean_abs_attribution", mean, ROWS_AND_REFERENCES.name, where, **details)


def _share(name: str, features: list[int], explanation: Explanation, where: dict[str, Scalar]) -> Measurement:
    """Return the features' part of the sum of all means, with its linearized standard error.

    Where all rows have the same share, as of a feature that the model ignores, they show no spread that an
    error could be estimated from. The interval is then that of a proportion of the rows.
    """
    parts = _share_parts(features, explanation)
    rare = explanation.rare
    if parts.row_deviations.any() or rare.unseen[features].any() or rare.masses[features].any():
        sides = [_share_side(features, explanation, completed) for completed in (False, True)]
        details = _two_draws(sides, features, explanation)
        details["counts"]["most"] = [1.0]
        return explanation.measurement(name, parts.share, ROWS_AND_REFERENCES.name, where, **details)
    return _proportion(name, parts.share, explanation, where)


class _Side(NamedTuple):
    """Estimate behind one limit, and the standard errors and skewnesses of both draws."""

    value: float
    row_error: float
    row_skewness: float
    reference_error: float
    reference_skewness: float

    @classmethod
    def of(cls, value: float, rows: np.ndarray, references: np.ndarray, explanation: Explanation) -> "_Side":
        """Compute the moments of the influences of rows and references."""
        row_error, row_skewness = (float(part[0]) for part in explanation.partition.moments(rows))
        deviations = references - references.mean()
        spread = float(deviations.std())
        skewness = float((deviations**3).mean()) / spread**3 if spread > 0.0 else 0.0
        reference_error = float(references.std(ddof=1)) / len(references) ** 0.5  # NaN for a single one
        return cls(value, row_error, row_skewness, reference_error, skewness)


def _share_side(features: list[int], explanation: Explanation, completed: bool) -> _Side:
    """Return the share behind its lower limit, or if ``completed`` the one behind its upper limit.

    What the draws lack is added to the features for the upper limit, and to all others for the lower one.
    """
    masses = explanation.rare.masses
    mass = float(masses[features].sum()) if completed else 0.0
    other_mass = 0.0 if completed else float(np.delete(masses, features).sum())
    plain = explanation.magnitudes[:, features].sum(1)
    full = explanation.completed_magnitudes[:, features].sum(1)
    magnitudes = full if completed else plain
    others = explanation.total_magnitudes - plain if completed else explanation.completed_totals - full
    total = explanation.mean(magnitudes + others) + mass + other_mass
    share = (explanation.mean(magnitudes) + mass) / total if total > 0 else float("nan")
    by_reference = explanation.attributions.by_reference
    references = by_reference[:, features].sum(1) - share * by_reference.sum(1)
    deviations = magnitudes - share * (magnitudes + others)
    return _Side.of(
        share, (deviations - explanation.mean(deviations)) / total, references / total, explanation
    )


def _two_draws(sides: list[_Side], features: list[int], explanation: Explanation) -> dict[str, Any]:
    """Return counts and standard error of a mean of two draws: of the rows, and of the reference rows."""
    lower, upper = (math.hypot(side.row_error, side.reference_error) for side in sides)
    error = lower or upper  # no explained row shows the features where a rare value alone has an effect
    rows = {"rows": [explanation.effective_rows], "references": [float(len(explanation.references))]}
    if not all(map(math.isfinite, (*sides[0], *sides[1]))):
        return {"se": None, "counts": rows}
    counts = rows | {
        "values": [side.value for side in sides],
        "row_errors": [side.row_error for side in sides],
        "row_skewness": [side.row_skewness for side in sides],
        "reference_errors": [side.reference_error for side in sides],
        "reference_skewness": [side.reference_skewness for side in sides],
    }
    if explanation.rare.unseen[features].any():
        counts["unseen"] = [1.0]
    return {"se": error, "counts": counts}


def _proportion(
    name: str, share: float, explanation: Explanation, where: dict[str, Scalar] | None = None
) -> Measurement:
    trials = explanation.effective_rows
    counts = {"rate": [share * trials, trials]}
    return explanation.measurement(name, share, "clopper-pearson", where, counts=counts)


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
    outputs = explanation.output(explanation.matrix, explanation.targets)
    gaps = np.abs(explanation.attributions.base + values.sum(1) - outputs)
    error = float(gaps.max() / max(1.0, np.abs(outputs).max()))
    yield explanation.measurement("additivity_error", error, "exact")
    yield stability(explanation, seed, values)
    yield _faithfulness(explanation, seed, values, feature_of_column)


def sampling_note(explanation: Explanation) -> Note:
    """Return the standard error that the draw of permutations leaves, which no sum of a row shows."""
    attributions = explanation.attributions
    if attributions.method == "exact":
        return Note(
            text="The SHAP values are exact for these reference rows: all feature subsets were evaluated."
        )
    lengths = np.maximum(np.linalg.norm(attributions.values, axis=1), np.finfo(float).tiny)
    relative = np.linalg.norm(attributions.errors, axis=1) / lengths
    median, largest = (per_cent(float(part)) for part in (np.median(relative), relative.max()))
    return Note(
        text=f"Sampled SHAP values of a row have a standard error of {median} of their norm (median; at most "
        f"{largest}); additivity_error contains only rounding."
    )


def per_cent(share: float) -> str:
    """Return a share in per cent, to two digits."""
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
    if not stable.bounded:
        counts["unbounded_below"] = [1.0]
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
    wins = faithfulness(explanation.output, *rows, values, seed, feature_of_column, explanation.targets)
    return _proportion("faithfulness", explanation.mean(wins), explanation)
