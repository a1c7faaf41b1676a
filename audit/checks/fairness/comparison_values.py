"""Values of the fairness metrics from a weighted table of counts, for all groups at once.

They are those of AIF360's `ClassificationMetric`, operation by operation: where nothing is predicted favourable, its
false discovery rate is 0, and where no label is favourable, its true positive rate is undefined.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from audit.checks.fairness.metrics import COMPARISONS
from audit.stats.group_rates import CellCounts

_Rates = Mapping[str, np.ndarray]


def comparison_values(cells: CellCounts, groups: int, privileged: Sequence[int]) -> dict[str, np.ndarray]:
    """Return every metric of `COMPARISONS`, each group against the privileged ones together.

    Args:
        cells: rows of ``groups`` groups.
        groups: number of groups.
        privileged: codes of the privileged ones.

    Returns:
        Values by metric, one a group; NaN or infinite where a denominator is 0.
    """
    weight = np.zeros((groups, 2, 2))  # by group, label and prediction
    weight[cells.group, cells.label.astype(int), cells.predicted.astype(int)] = cells.weight
    with np.errstate(divide="ignore", invalid="ignore"):
        rates, reference = _rates(weight), _rates(weight[privileged].sum(0))
        gaps = {name: rate - reference[name] for name, rate in rates.items()}
        ratios = {name: rate / reference[name] for name, rate in rates.items()}
    values = {}
    for name, comparison in COMPARISONS.items():
        compared = ratios if comparison.method == "mover-ratio" else gaps
        values[name] = _COMBINED[comparison.method](*(compared[rate] for rate in comparison.rates))
    return values


def _rates(weight: np.ndarray) -> _Rates:
    """Return every rate, from weights ``(..., label, prediction)``."""
    negative, positive = weight[..., 0, :], weight[..., 1, :]
    true_positive, false_positive = positive[..., 1], negative[..., 1]
    true_negative, false_negative = negative[..., 0], positive[..., 0]
    labels, predictions, rows = weight.sum(-1), weight.sum(-2), weight.sum((-2, -1))
    return {
        "selection": predictions[..., 1] / rows,
        "error": 1.0 - _or_zero(true_positive + true_negative, rows),
        "true_positive": true_positive / labels[..., 1],
        "false_negative": false_negative / labels[..., 1],
        "false_positive": false_positive / labels[..., 0],
        "false_discovery": _or_zero(false_positive, predictions[..., 1]),
        "false_omission": _or_zero(false_negative, predictions[..., 0]),
    }


def _or_zero(part: np.ndarray, total: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(total > 0.0, part / total, 0.0))


def _single(compared: np.ndarray) -> np.ndarray:
    return compared


def _larger(true: np.ndarray, false: np.ndarray) -> np.ndarray:
    larger = np.where(np.abs(true) > np.abs(false), true, false)  # the latter's if one is NaN, as in AIF360
    return np.asarray(np.abs(larger))


_COMBINED: Mapping[str, Callable[..., np.ndarray]] = {
    "mover-difference": _single,
    "mover-ratio": _single,
    "average-odds-difference": lambda true, false: 0.5 * (false + true),
    "average-abs-odds-difference": lambda true, false: 0.5 * (np.abs(false) + np.abs(true)),
    "equalized-odds-difference": _larger,
}
"""Combinations of the differences of rates, or of the one ratio, by method of the comparison."""
